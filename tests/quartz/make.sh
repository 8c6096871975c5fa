#!/bin/sh
# Prints the table of fire times that real Quartz gives: `tests/quartz/make.sh > src/domain/schedule/quartz.table`
set -eu
here=$(dirname "$0")
jars=$(mktemp)
trap 'rm -f "$jars"' EXIT
mvn -q -B -f "$here/pom.xml" dependency:build-classpath -Dmdep.outputFile="$jars" >&2
java -cp "$(cat "$jars")" "$here/Table.java" "$here/expressions.txt"

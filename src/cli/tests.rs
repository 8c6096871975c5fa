//! Command lines that are understood, and what is said of those that are not.

use super::*;
use crate::commands::RulesCommand;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(line.split_whitespace())
}
fn command(line: &str) -> Command {
    parse(line).unwrap().command
}
fn refusal(line: &str) -> String {
    let error = parse(line).unwrap_err();
    assert_eq!(error.exit_code(), i32::from(EXIT_USAGE), "{line}");
    error.to_string()
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn commands_work_with_their_defaults() {
    let demo = DemoArgs { once: false, data: None, port: 8265, seed: 1, scale: 1 };
    assert_eq!(command("sluice demo"), Command::Demo(demo));
    let Command::Simulate(simulate) = command("sluice simulate") else { panic!("another command") };
    assert_eq!((simulate.seed, simulate.scale, simulate.page_size, simulate.org), (1, 1, None, None));
    let Command::Sync(sync) = command("sluice sync -c a.yml") else { panic!("another command") };
    assert_eq!(
        (sync.config, sync.job, sync.output, sync.dry_run, sync.print_plan),
        ("a.yml".into(), JobType::Full, Format::Text, false, false)
    );
}

#[test]
fn every_flag_is_understood() {
    let line = "sluice sync --config a.yml --connector x --job full --output json --dry-run --print-plan";
    let Command::Sync(sync) = command(line) else { panic!("another command") };
    assert_eq!((sync.connector.as_deref(), sync.output, sync.dry_run, sync.print_plan), (Some("x"), Format::Json, true, true));
    let Command::Demo(demo) = command("sluice demo --once --data d --port 0 --seed 7 --scale 10") else { panic!("another command") };
    assert_eq!(demo, DemoArgs { once: true, data: Some("d".into()), port: 0, seed: 7, scale: 10 });
    let Command::Simulate(simulate) = command("sluice simulate --org o --port 1 --page-size 200 --faults f.json") else {
        panic!("another command")
    };
    assert_eq!((simulate.org, simulate.port, simulate.page_size, simulate.faults), (Some("o".into()), 1, Some(200), Some("f.json".into())));
    let Command::Check(check) = command("sluice check --config a.yml --connector x --output json") else { panic!("another command") };
    assert_eq!((check.config, check.connector.as_deref(), check.output), ("a.yml".into(), Some("x"), Format::Json));
    let Command::Rules(RulesArgs { command: RulesCommand::Test(test) }) = command("sluice rules test -c a.yml --sample 2000") else {
        panic!("another command")
    };
    assert_eq!((test.config, test.connector, test.sample, test.output), ("a.yml".into(), None, 2000, Format::Text));
    let Command::Export(export) = command("sluice export --data d --index i") else { panic!("another command") };
    assert_eq!((export.from.data, export.from.config, export.index.as_str()), (Some("d".into()), None, "i"));
}

#[test]
fn log_flags_stand_before_or_behind_the_command_and_take_the_names_of_the_reference() {
    let log = |line| parse(line).unwrap().log;
    assert_eq!(log("sluice demo"), LogArgs { log_level: None, log_format: LogFormat::Text });
    assert_eq!(log("sluice --log-level DEBUG demo").log_level, Some(LogLevel::Debug));
    assert_eq!(
        log("sluice demo --log-level warning --log-format json"),
        LogArgs { log_level: Some(LogLevel::Warn), log_format: LogFormat::Json }
    );
    assert_eq!(log("sluice demo --log-level critical").log_level.map(LogLevel::as_str), Some("error"));
}

#[test]
fn other_kinds_of_jobs_are_refused_with_a_sentence() {
    assert!(refusal("sluice sync -c a.yml --job incremental").contains("would read everything"));
    assert!(refusal("sluice sync -c a.yml --job ful").contains("the kinds are"));
}

#[test]
fn wrong_lines_end_with_two() {
    for line in [
        "sluice",
        "sluice sink",
        "sluice sync",
        "sluice sync -c a.yml --output xml",
        "sluice check",
        "sluice rules",
        "sluice rules test",
        "sluice rules test -c a.yml --sample 0",
        "sluice rules test -c a.yml --sample 2001",
        "sluice export --index i",
        "sluice export -c a.yml --data d --index i",
        "sluice export -c a.yml",
        "sluice simulate --org o --seed 1",
        "sluice simulate --page-size 0",
        "sluice simulate --page-size 2001",
        "sluice demo --scale 0",
        "sluice demo --port 65536",
        "sluice completions tcsh",
        "sluice demo --log-level loud",
    ] {
        assert!(!refusal(line).is_empty());
    }
    assert!(refusal("sluice demo --onse").contains("--once"));
}

#[test]
fn help_has_examples_for_every_command_and_version_is_there() {
    for name in ["demo", "run", "sync", "confirm-deletes", "check", "rules", "rules test", "export", "simulate", "completions"] {
        let help = parse(&format!("sluice {name} --help")).unwrap_err();
        assert_eq!(help.exit_code(), 0);
        assert!(help.to_string().contains(&format!("Examples:\n  sluice {name}")), "{name}");
    }
    let version = parse("sluice --version").unwrap_err();
    assert_eq!((version.exit_code(), version.to_string()), (0, format!("sluice {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_examples_that_help_gives_are_understood() {
    let lines = |help: String| help.lines().filter(|line| line.starts_with("  sluice ")).map(str::to_owned).collect::<Vec<_>>();
    let mut seen = 0;
    for command in Cli::command().get_subcommands_mut().chain([&mut Cli::command()]) {
        for line in lines(command.render_help().to_string()) {
            let typed = line.split("  ").map(str::trim).find(|part| !part.is_empty()).unwrap_or_default();
            let typed = typed.split([' ', '|', '>']).filter(|word| !word.is_empty()).take_while(|word| !word.starts_with(['/', '~']));
            let typed: Vec<_> = typed.take_while(|word| !["head", "documents.ndjson"].contains(word)).collect();
            let outcome = Cli::try_parse_from(&typed).map_or_else(|error| error.exit_code(), |_| 0);
            assert_eq!(outcome, 0, "{typed:?}");
            seen += 1;
        }
    }
    assert!(seen >= 24, "{seen}");
}

#[test]
fn completions_know_the_commands() {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell, Shell::Elvish] {
        let mut script = Vec::new();
        completions(shell, &mut script).unwrap();
        let script = String::from_utf8(script).unwrap();
        assert!(script.contains("simulate") && script.contains("page-size"), "{shell}");
    }
}

/// Prints what real Quartz makes of the expressions in a file: the table that `src/domain/schedule` is checked against.

import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.TimeZone;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import org.quartz.CronExpression;

public final class Table {
    /// The end of a year with a weekend in it, the last second before a leap day, and noon of a plain day.
    private static final List<String> STARTS = List.of("2023-12-30T22:58:50Z", "2024-02-28T23:59:59Z", "2026-06-30T12:00:00Z");
    private static final int FIRES = 5;
    /// Quartz goes on for a hundred years from today; the dialect ends here, and so the table does not change with the day it is made.
    private static final Instant END = Instant.parse("2100-01-01T00:00:00Z");

    public static void main(String[] arguments) throws Exception {
        System.out.println("# Made by tests/quartz/Table.java with Quartz " + CronExpression.class.getPackage().getImplementationVersion() + "; do not edit.");
        System.out.println("# expression | refused");
        System.out.println("# expression | start | the next " + FIRES + " fire times, fewer or none when there are no more up to 2099");
        for (String expression : Files.readAllLines(Path.of(arguments[0]))) {
            if (!expression.isEmpty() && !expression.startsWith("#")) {
                print(expression);
            }
        }
    }

    private static void print(String expression) {
        CronExpression cron;
        try {
            cron = new CronExpression(expression);
        } catch (ParseException | RuntimeException refusal) {
            System.out.println(expression + " | refused");
            return;
        }
        cron.setTimeZone(TimeZone.getTimeZone("UTC"));
        for (String start : STARTS) {
            List<String> fires = fires(cron, Instant.parse(start));
            System.out.println(expression + " | " + start + " | " + (fires.isEmpty() ? "none" : String.join(" ", fires)));
        }
    }

    private static List<String> fires(CronExpression cron, Instant start) {
        List<String> fires = new ArrayList<>();
        Date at = Date.from(start);
        while (fires.size() < FIRES) {
            try {
                at = next(cron, at);
            } catch (TimeoutException | ExecutionException failure) {
                fires.add(failure instanceof TimeoutException ? "hangs" : "fails");
                break;
            }
            if (at == null || !at.toInstant().isBefore(END)) {
                break;
            }
            fires.add(at.toInstant().toString());
        }
        return fires;
    }

    /// Quartz has expressions that it searches for ever, so each search has a thread of its own that may be left behind.
    private static Date next(CronExpression cron, Date after) throws TimeoutException, ExecutionException {
        FutureTask<Date> search = new FutureTask<>(() -> cron.getNextValidTimeAfter(after));
        Thread thread = new Thread(search);
        thread.setDaemon(true);
        thread.start();
        try {
            return search.get(5, TimeUnit.SECONDS);
        } catch (InterruptedException interrupt) {
            throw new IllegalStateException(interrupt);
        }
    }
}

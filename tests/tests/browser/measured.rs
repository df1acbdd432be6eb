//! How soon the other browser shows what one moves, with many other pages open. It is run by
//! `cargo xtask bench stage`, which reads the lines that it prints: `stage name=value …`.

use crate::stage::{put, text};
use crate::windows::{Feed, with_pages};
use nowcast_tests::browser::Screen;
use nowcast_tests::server::{Server, Setup};
use nowcast_tests::wait::in_time;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A number that `cargo xtask bench stage` may set.
fn asked(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Other pages, opened by the load generator, which costs less than anything else that could read
/// what they are sent. They are there until this is dropped.
async fn others(server: &Server, count: u32) -> Option<Child> {
    let program = PathBuf::from(std::env::var_os("NOWCAST_BENCH")?);
    let mut command = Command::new(program);
    command
        .args(["load", "--target=nowcast", "--token=none"])
        .arg(format!("--address={}", server.address()))
        .arg(format!("--server-pid={}", std::process::id()))
        .arg(format!("--pages={count}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("the load generator starts");
    let output = child.stdout.take().expect("its output is a pipe");
    let mut lines = BufReader::new(output).lines();
    let line = in_time("the other pages open", lines.next_line()).await;
    let line = line.expect("a line").expect("they open");
    assert!(line.starts_with("joined="), "{line}");
    Some(child)
}

/// In the mover's page: sixty times a second the pointer moves on by a bit, to a place where it has
/// not been before. Notes when, and what that cost until everything that follows was done, and until
/// the frame was painted.
const MOVER: &str = "
    const piece = document.querySelector('[data-piece=logo]');
    const stage = document.querySelector('.stage').getBoundingClientRect();
    const at = piece.getBoundingClientRect();
    const free = stage.width - at.width, y = at.top + at.height / 2;
    const x = part => stage.left + part * free + at.width / 2;
    const point = (kind, part) => piece.dispatchEvent(new PointerEvent(kind, {
        pointerId: 1, clientX: x(part), clientY: y, bubbles: true, isPrimary: true}));
    const count = SECONDS * 60, moves = [];
    const channel = new MessageChannel();
    let frame = 0;
    channel.port1.onmessage = () => moves.at(-1).push(performance.now() - frame);
    point('pointerdown', 0);
    const step = async () => {
        frame = performance.now();
        const part = 0.02 + 0.96 * moves.length / count;
        const when = performance.timeOrigin + performance.now();
        point('pointermove', part);
        // What signals set off is done in a few turns of the queue that follows each callback.
        for (let turn = 0; turn < 12; turn++) await null;
        moves.push([when, part, performance.now() - frame]);
        channel.port2.postMessage(0);
        if (moves.length < count) requestAnimationFrame(step);
        else setTimeout(() => { point('pointerup', part); window.moves = moves; }, 300);
    };
    requestAnimationFrame(step);";

/// In the other page: notes when the frame after each change begins, and what was shown.
const WATCHER: &str = "
    const piece = document.querySelector('[data-piece=logo]');
    window.shown = [];
    new MutationObserver(() => {
        const x = Number(piece.style.getPropertyValue('--x'));
        requestAnimationFrame(() =>
            shown.push([performance.timeOrigin + performance.now(), x]));
    }).observe(piece, {attributes: true, attributeFilter: ['style']});";

fn numbers(value: &Value) -> Vec<Vec<f64>> {
    let rows = value.as_array().expect("a list").iter();
    rows.map(|row| {
        let row = row.as_array().expect("a list").iter();
        row.map(|number| number.as_f64().expect("a number")).collect()
    })
    .collect()
}

/// The value that so much of the sorted ones are not above.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "some hundreds"
    )]
    let place = ((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len());
    sorted[place - 1]
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

#[tokio::test]
#[ignore = "measures; `cargo xtask bench stage` runs it on a quiet machine"]
async fn bench_stage() {
    let (seconds, pages) = (asked("NOWCAST_SECONDS", 10), asked("NOWCAST_PAGES", 200));
    let server = with_pages(Setup::new()).start().await;
    let admin = server.admin().await;
    for number in 0..12 {
        let (x, y) = (f64::from(number % 4) / 3.0, f64::from(number / 4) / 2.0);
        put(&admin, text(&format!("other-{number}"), x, y)).await;
    }
    put(&admin, text("logo", 0.0, 0.25)).await;
    let mover = Feed::open(&server.origin(), Screen::Desk).await;
    let watcher = Feed::open(&server.origin(), Screen::Desk).await;
    let there = "return document.querySelector('[data-piece=logo].free')";
    mover.until("the piece is there", there).await;
    watcher.until("the piece is there", there).await;
    let others = others(&server, pages).await;

    watcher.run(WATCHER).await;
    mover.run(&MOVER.replace("SECONDS", &seconds.to_string())).await;
    let limit = Duration::from_secs(u64::from(seconds) * 4 + 20);
    let sent = mover.until_within(limit, "all is moved", "return window.moves ?? null").await;
    let end = "return Math.abs(shown.at(-1)?.[1] - 0.98) < 0.01";
    watcher.until("the last move is shown", end).await;
    let sent = numbers(&sent);
    let shown = numbers(&watcher.run("return shown").await);

    // The places only grow, so that one that is shown says that all before it were.
    let mut late = Vec::new();
    let mut from = 0;
    for row in &sent {
        let (when, part) = (row[0], row[1]);
        let reached = shown[from..].iter().position(|it| it[0] >= when && it[1] >= part - 2e-6);
        if let Some(after) = reached {
            from += after;
            late.push(shown[from][0] - when);
        }
    }
    assert!(late.len() + 3 >= sent.len(), "{} of {} were shown", late.len(), sent.len());
    let late = sorted(late.into_iter());
    let work = sorted(sent.iter().map(|row| row[2]));
    let frames = sorted(sent.iter().filter_map(|row| row.get(3).copied()));
    let took = sent.last().expect("there are moves")[0] - sent[0][0];
    let rate = f64::from(u32::try_from(sent.len() - 1).expect("some hundreds")) * 1_000.0 / took;
    println!(
        "stage pages={} moves={} rate={rate:.1} p50={:.1} p99={:.1} max={:.1} work_p50={:.2} \
         work_max={:.2} frame_p50={:.2} frame_p99={:.2} frame_max={:.2}",
        if others.is_some() { pages } else { 0 },
        sent.len(),
        quantile(&late, 0.5),
        quantile(&late, 0.99),
        quantile(&late, 1.0),
        quantile(&work, 0.5),
        quantile(&work, 1.0),
        quantile(&frames, 0.5),
        quantile(&frames, 0.99),
        quantile(&frames, 1.0),
    );
    mover.close().await;
    watcher.close().await;
}

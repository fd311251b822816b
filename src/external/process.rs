//! A process from its start to its end, with everything that it started.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// The longest answer, in bytes.
pub(super) const LONGEST_ANSWER: usize = 64 << 20;

/// How long the pipes may stay open once the process is over, for what left its group.
const GRACE: Duration = Duration::from_millis(500);

/// The longest line that is told, in bytes; a longer one is told in pieces.
const LONGEST_LINE: usize = 2000;

/// How many lines are told; a program that says more is still heard to the end.
const MOST_LINES: usize = 1000;

/// How much of the end is kept for the message of a failure, in bytes.
const LONGEST_TAIL: usize = 2000;

/// How a process ended.
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// What it wrote on stdout.
    pub(super) answer: Vec<u8>,
    /// The end of what it wrote on stderr.
    pub(super) tail: String,
}

impl Ended {
    pub(super) const fn is_too_long(&self) -> bool {
        self.answer.len() > LONGEST_ANSWER
    }
}

/// Starts a process, hands it its input, and waits. Each line of stderr is given to `tell`. Dropping the
/// future ends the process and its children.
pub(super) async fn run(mut command: Command, input: Vec<u8>, tell: &(dyn Fn(&str) + Sync)) -> std::io::Result<Ended> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.process_group(0).kill_on_drop(true).spawn()?;
    let group = Group::of(&child);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut answer = Vec::new();
    let mut lines = Lines::new(tell);
    let status = {
        let feed = async {
            if let Some(mut stdin) = stdin {
                // A program that does not read its arguments closes the pipe; its answer tells.
                let _ = stdin.write_all(&input).await;
            }
        };
        let hear = async {
            read(stdout, &mut answer).await;
            if answer.len() > LONGEST_ANSWER {
                group.end();
            }
        };
        let pipes = async { tokio::join!(feed, hear, listen(stderr, &mut lines)) };
        tokio::pin!(pipes);
        tokio::select! {
            _ = &mut pipes => child.wait().await?,
            status = child.wait() => {
                group.end();
                // What is left in the pipes; a process that left the group may hold them open, and is not waited for.
                let _ = tokio::time::timeout(GRACE, &mut pipes).await;
                status?
            }
        }
    };
    lines.end();
    Ok(Ended { status, answer, tail: lines.tail })
}

/// Ends the process, and whatever it started, when the call ends in any way.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    fn end(&self) {
        if let Some(group) = self.0 {
            // It may have ended already, which is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// One byte more than may be, so that too much is seen.
async fn read(pipe: Option<impl AsyncRead + Unpin>, bytes: &mut Vec<u8>) {
    if let Some(pipe) = pipe {
        // A pipe that breaks ends the answer; what came is judged by the caller.
        let _ = pipe.take(LONGEST_ANSWER as u64 + 1).read_to_end(bytes).await;
    }
}

async fn listen(pipe: Option<impl AsyncRead + Unpin>, lines: &mut Lines<'_>) {
    let Some(mut pipe) = pipe else { return };
    let mut piece = vec![0; 8192];
    while let Ok(length @ 1..) = pipe.read(&mut piece).await {
        lines.add(piece.get(..length).unwrap_or_default());
    }
}

/// What a process says, line by line.
struct Lines<'a> {
    tell: &'a (dyn Fn(&str) + Sync),
    line: Vec<u8>,
    told: usize,
    tail: String,
}

impl<'a> Lines<'a> {
    fn new(tell: &'a (dyn Fn(&str) + Sync)) -> Self {
        Self { tell, line: Vec::new(), told: 0, tail: String::new() }
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                self.end();
            } else {
                self.line.push(*byte);
                // Not inside a character: a piece begins with a whole one.
                if self.line.len() >= LONGEST_LINE && byte.is_ascii() {
                    self.end();
                }
            }
        }
    }

    /// Ends the line, if one is begun.
    fn end(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        self.told += 1;
        match self.told {
            ..=MOST_LINES => (self.tell)(line),
            _ if self.told == MOST_LINES + 1 => (self.tell)("… and more, which is left out"),
            _ => {}
        }
        self.keep(line);
    }

    fn keep(&mut self, line: &str) {
        if !self.tail.is_empty() {
            self.tail.push('\n');
        }
        self.tail.push_str(line);
        let surplus = self.tail.len().saturating_sub(LONGEST_TAIL);
        if surplus > 0 {
            let from = (surplus..=self.tail.len()).find(|at| self.tail.is_char_boundary(*at)).unwrap_or(0);
            self.tail.drain(..from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn said(parts: &[&str]) -> (Vec<String>, String) {
        let told = Mutex::new(Vec::new());
        let tell = |line: &str| told.lock().unwrap().push(line.to_owned());
        let mut lines = Lines::new(&tell);
        for part in parts {
            lines.add(part.as_bytes());
        }
        lines.end();
        let tail = lines.tail.clone();
        (told.into_inner().unwrap(), tail)
    }

    #[test]
    fn lines_are_told_whole_whatever_pieces_they_come_in() {
        assert_eq!(said(&["one\ntw", "o\r\n\n", "three"]).0, ["one", "two", "three"]);
    }

    #[test]
    fn a_flood_is_told_in_part_and_its_end_is_kept() {
        let flood: String = (0..5000).fold(String::new(), |flood, n| flood + &format!("line {n}\n"));
        let (told, tail) = said(&[&flood]);
        assert_eq!(told.len(), MOST_LINES + 1);
        assert!(tail.ends_with("line 4999") && tail.len() <= LONGEST_TAIL);
        let (told, tail) = said(&[&"ä".repeat(100_000), &"x".repeat(100_000)]);
        assert!(told.len() > 10 && tail.len() <= LONGEST_TAIL);
    }
}

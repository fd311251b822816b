//! Whether a program's text can be read at all; nothing of it is executed.

use std::io::Write;
use std::process::{Command, Stdio};

use super::{Interpreters, Language};

/// Compiles without running, and looks for the functions. `-I -S` keep the machine's own start-up files out.
const READ_PYTHON: &str = "\
import ast, sys
text = sys.stdin.buffer.read()
try:
    tree = compile(text, '<program>', 'exec', ast.PyCF_ONLY_AST, dont_inherit=True)
    compile(tree, '<program>', 'exec', dont_inherit=True)
except SyntaxError as error:
    print(error.lineno or 1, error.msg)
    sys.exit()
bound = set()
for node in ast.walk(tree):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        bound.add(node.name)
    elif isinstance(node, ast.alias):
        bound.add('*' if node.name == '*' else (node.asname or node.name))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        bound.add(node.id)
if '*' not in bound:
    print(0, *[call.split('(')[0] for call in sys.argv[1:] if call.split('(')[0] not in bound])
functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.decorator_list}
for call in sys.argv[1:]:
    name, _, given = call.partition('(')
    given = given.split(',') if given else []
    if name not in functions or functions[name].args.posonlyargs:
        continue
    args = functions[name].args
    named = [arg.arg for arg in args.args + args.kwonlyargs]
    needed = [arg.arg for arg in args.args[:len(args.args) - len(args.defaults)]]
    needed += [arg.arg for arg, default in zip(args.kwonlyargs, args.kw_defaults) if default is None]
    for one in given:
        if one not in named and not args.kwarg:
            print(-1, name, f'has no parameter `{one}`, which the step gives it')
    for one in needed:
        if one not in given:
            print(-1, name, f'wants `{one}`, which the step does not give it')
";

/// What is wrong with a program's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slip {
    /// A line cannot be read.
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        message: String,
    },
    /// There are no functions of these names.
    Missing(Vec<String>),
    /// A function cannot be called with what the step has.
    Misfit {
        /// The function.
        entry: String,
        /// Why.
        message: String,
    },
}

/// What is wrong with a program's text, of which the functions `entries` are called: `name(a,b` with the names of what is given.
/// `None` also when its interpreter is not installed.
pub fn slip(language: Language, text: &str, entries: &[String], interpreters: &Interpreters) -> Option<Slip> {
    let mut command = Command::new(interpreters.of(language));
    command.env_clear().envs(interpreters.environment.iter().map(|(name, value)| (name, value)));
    match language {
        Language::Python => command.args(["-I", "-S", "-W", "ignore", "-c", READ_PYTHON]).args(entries),
        Language::Shell => command.env("LC_ALL", "C").arg("-n"),
    };
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().ok()?;
    let stdin = child.stdin.take();
    // Written beside the reading, so that neither waits for the other.
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(text.as_bytes())));
        child.wait_with_output()
    });
    let output = output.ok()?;
    match language {
        Language::Python => python(&String::from_utf8_lossy(&output.stdout)),
        Language::Shell => shell(&String::from_utf8_lossy(&output.stderr)),
    }
}

/// `3 invalid syntax`, `0` and the functions that are missing, or `-1`, a function and what it lacks; the first line that says one of them.
fn python(said: &str) -> Option<Slip> {
    said.lines().find_map(|line| {
        let (line, rest) = line.split_once(' ')?;
        match line.parse::<i64>().ok()? {
            -1 => {
                let (entry, message) = rest.split_once(' ')?;
                Some(Slip::Misfit { entry: entry.to_owned(), message: message.to_owned() })
            }
            0 => Some(Slip::Missing(rest.split(' ').map(str::to_owned).collect())),
            line => Some(Slip::Line { line: usize::try_from(line).ok()?, message: rest.to_owned() }),
        }
    })
}

/// `bash: line 3: syntax error near …`, of which the first line is the cause.
fn shell(said: &str) -> Option<Slip> {
    let (_, rest) = said.lines().find(|line| line.contains(": line "))?.split_once(": line ")?;
    let (line, message) = rest.split_once(": ")?;
    Some(Slip::Line { line: line.parse().ok()?, message: message.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_interpreters_say_is_read() {
        assert_eq!(python("3 invalid syntax\n"), Some(Slip::Line { line: 3, message: "invalid syntax".into() }));
        assert_eq!(python("0 f g\n"), Some(Slip::Missing(vec!["f".into(), "g".into()])));
        let misfit = Slip::Misfit { entry: "f".into(), message: "wants `x`".into() };
        assert_eq!(python("0\n-1 f wants `x`\n"), Some(misfit));
        assert_eq!((python("0\n"), python("")), (None, None));
        let said = "bash: line 2: syntax error near unexpected token `fi'\nbash: line 2: `fi'\n";
        let message = "syntax error near unexpected token `fi'".into();
        assert_eq!(shell(said), Some(Slip::Line { line: 2, message }));
        assert_eq!(shell("bash: warning: setlocale"), None);
    }
}

//! Random valid files: every construct of the language, white space and comments in any place.

mod expressions;

use proptest::prelude::*;

use super::sound;

/// Choices, read off a list of numbers that proptest makes shorter and smaller.
struct Dice<'d> {
    numbers: &'d [u16],
    at: usize,
    text: String,
    depth: usize,
    /// How many times likelier than not a plain space is between two tokens.
    calm: usize,
}

impl Dice<'_> {
    /// A number below `sides`; 0 when the list is at its end, so that everything ends.
    fn roll(&mut self, sides: usize) -> usize {
        let number = self.numbers.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(number) % sides
    }

    fn pick(&mut self, words: &[&str]) {
        let word = words[self.roll(words.len())];
        self.put(word);
    }

    /// A token behind some white space.
    fn put(&mut self, token: &str) {
        const GAPS: [&str; 15] = [
            "\n",
            "\n",
            "\n  ",
            "\t",
            "\r\n",
            "\n\n",
            "\n\n\n\n",
            " # a\n",
            "\n# b\n",
            " #c\n",
            "\n\n# d  \n\n",
            " # e\n# f\n",
            "\n  ### g\r\n",
            " # é, } ) \"\n",
            " #\n",
        ];
        let number = self.roll(GAPS.len() * self.calm);
        let gap = GAPS.get(number).unwrap_or(&" ");
        self.text.push_str(gap);
        self.text.push_str(token);
    }

    fn all(&mut self, tokens: &str) {
        for token in tokens.split(' ') {
            self.put(token);
        }
    }

    fn several(&mut self, most: usize, mut each: impl FnMut(&mut Self)) {
        for _ in 0..self.roll(most + 1) {
            each(self);
        }
    }

    /// Elements between brackets; commas between them, and perhaps behind.
    fn list(&mut self, open: &str, close: &str, trailing: bool, mut each: impl FnMut(&mut Self)) {
        self.put(open);
        let count = self.roll(4);
        for at in 0..count {
            each(self);
            if at + 1 < count || trailing && self.roll(2) == 1 {
                self.put(",");
            }
        }
        self.put(close);
    }

    fn doc(&mut self) {
        if self.roll(6) == 1 {
            let docs = ["\n## doc\n", "\n\n##  two\n## three  \n", " ## beside\n", "\n##\n# between\n## more\n"];
            let doc = docs[self.roll(docs.len())];
            self.text.push_str(doc);
        }
    }

    fn parameters(&mut self) {
        self.list("(", ")", true, |dice| {
            dice.doc();
            dice.name();
            dice.put(":");
            dice.ty();
            if dice.roll(3) == 1 {
                dice.put("=");
                dice.expr();
            }
        });
    }

    fn block(&mut self) {
        self.depth += 1;
        self.put("{");
        let most = if self.depth > 4 { 1 } else { 3 };
        self.several(most, |dice| {
            dice.doc();
            dice.statement();
        });
        self.doc();
        self.put("}");
        self.depth -= 1;
    }

    fn statement(&mut self) {
        match self.roll(12) {
            0 => {
                self.put("yield");
                self.expr();
            }
            1 | 2 => {
                self.pick(&["require", "expect"]);
                self.expr();
                self.otherwise();
            }
            3 => {
                self.name();
                self.put(":");
                self.ty();
                self.put("=");
                self.expr();
                self.clauses();
            }
            4 | 5 => {
                self.action();
                self.clauses();
            }
            6 | 7 => {
                self.name();
                self.put("=");
                self.action();
                self.clauses();
            }
            _ => {
                self.name();
                self.put("=");
                self.expr();
                self.clauses();
            }
        }
    }

    fn otherwise(&mut self) {
        if self.roll(2) == 1 {
            self.put("else");
            self.expr();
        }
    }

    fn action(&mut self) {
        match self.roll(4) {
            0 => {
                self.put("do");
                self.call();
            }
            1 => {
                if self.roll(2) == 1 {
                    self.put("do");
                }
                self.all("transaction db");
                self.block();
            }
            2 => {
                self.all("for each x in");
                self.base();
                if self.roll(2) == 1 {
                    self.all("in parallel");
                    self.several(1, |dice| dice.put("4"));
                }
                self.block();
            }
            _ => self.when(),
        }
    }

    fn when(&mut self) {
        self.put("when");
        self.base();
        self.block();
        match self.roll(3) {
            0 => {}
            1 => {
                self.put("else");
                self.block();
            }
            _ => {
                self.put("else");
                self.when();
            }
        }
    }

    fn clauses(&mut self) {
        self.several(2, |dice| match dice.roll(4) {
            0 => {
                dice.put("with");
                dice.record();
            }
            1 => {
                dice.all("on failure use");
                dice.expr();
            }
            2 => {
                dice.all("on failure");
                dice.pick(&["skip", "continue", "stop"]);
            }
            _ => {
                dice.all("on failure");
                dice.block();
            }
        });
    }

    fn part(&mut self) {
        match self.roll(8) {
            0 => self.all("use db : sql"),
            1 => {
                self.all("param p :");
                self.ty();
                if self.roll(2) == 1 {
                    self.put("=");
                    self.expr();
                }
                if self.roll(2) == 1 {
                    self.put("require");
                    self.expr();
                    self.otherwise();
                }
            }
            2 => {
                self.put("defaults");
                self.record();
            }
            3 => {
                self.all("output o =");
                self.expr();
            }
            4 => {
                self.pick(&["failed", "finally"]);
                self.block();
            }
            _ => self.statement(),
        }
    }

    fn item(&mut self) {
        self.doc();
        match self.roll(9) {
            0 => self.all("import std . status as s"),
            1 => self.all("import \"a.flow\""),
            2 => {
                self.all("type T =");
                self.ty();
            }
            3 => {
                self.all("calendar c =");
                self.expr();
            }
            4 => {
                self.all("fn g");
                self.parameters();
                self.put("->");
                self.ty();
                self.put("=");
                self.expr();
            }
            5 => {
                self.pick(&["step", "action"]);
                self.name();
                self.parameters();
                self.put("->");
                self.ty();
                self.block();
            }
            6 => self.test(),
            _ => {
                self.all("workflow w {");
                self.several(6, |dice| {
                    dice.doc();
                    dice.part();
                });
                self.doc();
                self.put("}");
            }
        }
    }

    fn test(&mut self) {
        self.all("test \"it\" of w {");
        self.several(4, |dice| match dice.roll(4) {
            0 => dice.all("at 2025-01-10T07:00Z"),
            1 => {
                dice.put("set");
                dice.record();
            }
            2 => {
                dice.all("given a . b =");
                dice.several(1, |dice| dice.put("failure"));
                dice.expr();
            }
            _ => dice.statement(),
        });
        self.put("}");
    }

    fn file(mut self) -> String {
        self.pick(&["", "\u{FEFF}"]);
        self.several(4, Self::item);
        self.put("");
        self.text
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_file_keeps_its_meaning(numbers in prop::collection::vec(any::<u16>(), 0..600), calm in prop::sample::select(vec![1, 2, 5, 20, 100])) {
        let dice = Dice { numbers: &numbers, at: 0, text: String::new(), depth: 0, calm };
        sound(&dice.file());
    }
}

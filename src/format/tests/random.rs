//! Random valid files: every construct of the language, white space and comments in any place.

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

    fn name(&mut self) {
        self.pick(&["a", "bc", "day", "values", "sql", "f", "a_rather_long_name_of_something", "another_long_name"]);
    }

    fn literal(&mut self) {
        self.pick(&[
            "1",
            "1_000",
            "2.50",
            "1e3",
            "true",
            "none",
            "\"text\"",
            "\"a \\\" # b\"",
            "\"\"",
            "2025-01-31",
            "06:00",
            "2025-01-31T06:00Z",
            "2025-01-31T06:00[Europe/London]",
            "2025-01-31T06:00+01:00",
            "1h30m",
            "30d",
            "20bd",
            "f\"{a}: {b:%d/%m} {{x}} {f(\"y\")}\"",
            "f\"plain # text\"",
            "sql\"\"\"select 1\"\"\"",
            "sql\"\"\"\n   select a,\n\n     b -- it's\n   from t  \n  \"\"\"",
            "sql\"\"\"select 'a\n  b'\n\"\"\"",
            "promql\"\"\"\n\tup{a=\"b\\\\.\"}\n\t\t/ 2 # it's\n\"\"\"",
            "promql\"\"\"{a=\"b\"}\"\"\"",
            "python\"\"\"\n  def f():\n    pass\n\"\"\"",
            "\"a text that is long enough to make some of the lines that it stands in longer than they may be\"",
        ]);
    }

    fn expr(&mut self) {
        self.depth += 1;
        let forms = if self.depth > 5 { 2 } else { 20 };
        match self.roll(forms) {
            0 | 2 => self.name(),
            1 | 3 => self.literal(),
            4..=6 => self.chain(),
            7 | 8 => {
                self.base();
                self.several(4, Self::postfix);
            }
            9 => self.list("[", "]", true, Self::expr),
            10 | 11 => self.record(),
            12 => {
                self.put("(");
                self.expr();
                self.put(")");
            }
            13 => {
                self.put("if");
                self.expr();
                self.put("then");
                self.expr();
                self.put("else");
                self.expr();
            }
            14 => self.comprehension(),
            15 => self.table(),
            16 => {
                self.pick(&["-", "not"]);
                self.base();
            }
            17 => {
                self.put("{");
                self.base();
                self.put(":");
                self.expr();
                self.loops();
                self.put("}");
            }
            _ => self.call(),
        }
        self.depth -= 1;
    }

    /// What operators may stand around: in parentheses unless it is one word.
    fn base(&mut self) {
        match self.roll(4) {
            0 | 1 => self.name(),
            2 => self.list("[", "]", true, Self::expr),
            _ => {
                self.put("(");
                self.expr();
                self.put(")");
            }
        }
    }

    fn chain(&mut self) {
        self.base();
        for _ in 0..=self.roll(5) {
            match self.roll(9) {
                0 => self.put("not in"),
                _ => {
                    self.pick(&["+", "-", "*", "/", "%", "and", "or", "??", "through", "until", "==", "<=", ">", "in"]);
                }
            }
            match self.roll(6) {
                0 => self.record(),
                1 => {
                    self.put("-");
                    self.base();
                }
                2 => self.call(),
                _ => self.base(),
            }
        }
    }

    fn postfix(&mut self) {
        match self.roll(5) {
            0 | 1 => {
                self.pick(&[".", "?."]);
                self.pick(&["x", "labels", "in", "json"]);
            }
            2 => {
                self.put("[");
                self.expr();
                self.put("]");
            }
            3 => self.arguments(),
            _ => {
                self.pick(&[".", "?."]);
                self.put("take");
                self.arguments();
            }
        }
    }

    fn call(&mut self) {
        self.name();
        self.arguments();
    }

    fn arguments(&mut self) {
        self.list("(", ")", true, |dice| {
            if dice.roll(2) == 1 {
                dice.pick(&["key", "on", "labels"]);
                dice.put(":");
            }
            dice.expr();
        });
    }

    fn record(&mut self) {
        self.list("{", "}", true, |dice| {
            dice.pick(&["key", "in", "\"text\"", "labels"]);
            dice.put(":");
            dice.expr();
        });
    }

    fn comprehension(&mut self) {
        self.put("[");
        self.expr();
        self.loops();
        self.put("]");
    }

    fn loops(&mut self) {
        for _ in 0..=self.roll(2) {
            self.put("for");
            self.put("k");
            if self.roll(2) == 1 {
                self.all(", v");
            }
            self.put("in");
            self.base();
        }
        if self.roll(2) == 1 {
            self.put("if");
            self.expr();
        }
    }

    fn table(&mut self) {
        self.put("table");
        self.put("{");
        self.put("| name |n|");
        self.several(3, |dice| {
            dice.pick(&["| \"a\" | 1 |", "|\"é\"|-2|", "|  none |\t2025-01-31  | |\"日本\"|x|", "| f\"{a}\" | 5m |"]);
        });
        self.put("}");
    }

    fn ty(&mut self) {
        self.depth += 1;
        let forms = if self.depth > 5 { 2 } else { 8 };
        match self.roll(forms) {
            0 | 1 => self.pick(&["int", "text", "date", "calendar"]),
            2 => self.all("a . B"),
            3 => {
                self.put("list");
                self.angled(1);
            }
            4 => {
                self.put("map");
                self.angled(2);
            }
            5 | 6 => self.list("{", "}", true, |dice| {
                dice.pick(&["day", "rather_long_label_of_a_record", "in"]);
                dice.put(":");
                dice.ty();
            }),
            _ => {
                if self.roll(2) == 1 {
                    self.put("|");
                }
                self.put("\"up\"");
                self.several(4, |dice| {
                    dice.put("|");
                    dice.pick(&["\"down\"", "\"somewhere in the middle of it all\"", "none_at_all"]);
                });
            }
        }
        if self.roll(4) == 1 && !self.text.ends_with('?') {
            self.put("?");
        }
        self.depth -= 1;
    }

    fn angled(&mut self, count: usize) {
        self.put("<");
        for at in 0..count {
            if at > 0 {
                self.put(",");
            }
            self.ty();
        }
        self.put(">");
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

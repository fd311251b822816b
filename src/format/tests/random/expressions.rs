//! Random expressions and types.

use super::Dice;

impl Dice<'_> {
    pub(super) fn name(&mut self) {
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

    pub(super) fn expr(&mut self) {
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
    pub(super) fn base(&mut self) {
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

    pub(super) fn call(&mut self) {
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

    pub(super) fn record(&mut self) {
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

    pub(super) fn ty(&mut self) {
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
}

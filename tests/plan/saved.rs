//! Saved plans: carried out as they are, or refused.

use serde_json::{Value as Json, json};

use super::{plan, plan_extractor, project};
use crate::support::place::{AT, Place, load};
use crate::support::sandbox::Sandbox;
use crate::support::victoria;

fn carry_out(sandbox: &Sandbox, more: &[&str]) -> crate::support::sandbox::Ran {
    sandbox.run(&[&["run", "--plan", "plan.json"], more].concat())
}

#[test]
fn a_saved_plan_is_carried_out_as_it_is() {
    let place = Place::embedded();
    let plan = plan_extractor(&place, &["-p", "lookback=10d", "-o", "plan.json"]).expect(0);
    assert_eq!(place.sandbox.read("plan.json").trim(), format!("{plan:#}"));
    assert_eq!((&plan["vmflow_plan"], &plan["given"]), (&json!(1), &json!({ "lookback": { "text": "10d" } })));
    let ran = carry_out(&place.sandbox, &[]).expect(0);
    assert_eq!((&ran["run_id"], &ran["params"]), (&plan["run_id"], &plan["params"]));
    assert_eq!(json!(ran["metrics"]["items_created"]), plan["writes"][0]["counts"]["created"]);
    let again = carry_out(&place.sandbox, &[]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    assert!(again.stderr.contains("plan.json` is not what a run would do now; nothing was run"), "{}", again.stderr);
    assert!(again.stderr.contains("`copied.stored.saved` → vm_extracted_metrics: "), "{}", again.stderr);
}

#[test]
fn a_protected_environment_wants_a_plan_or_a_yes() {
    let server = victoria::url();
    let job = victoria::unique("protected");
    load(&server, &job);
    let place = Place::real(&server);
    let of_job = format!("job={job}");
    let refused = place.sandbox.run(&["run", "workflows/extractor.flow", "--env", "prod", "--at", AT, "-p", &of_job]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("is protected; run a saved plan (`vmflow plan … -o FILE`), or add `--yes`"),
        "{}",
        refused.stderr
    );
    plan_extractor(&place, &["-p", &of_job, "-o", "plan.json"]).expect(0);
    let text = place.sandbox.read("plan.json");
    assert!(!text.contains("the-apex-token") && !text.contains("postgres://"), "no secret, no address");
    let ran = carry_out(&place.sandbox, &[]).expect(0);
    assert_eq!(ran["metrics"]["items_created"], 230);
    assert_eq!(ran["environment"], "prod");
}

const TABLES: &str = "create table nav (id integer primary key, value real);
insert into nav values (1, 1.0);";
const BODY: &str = r#"
  param value: float = 2.0
  param token: secret? = none
  do db.upsert("nav", rows: [{ id: 1, value: value }], key: ["id"])"#;

/// A saved plan, and what is changed before it is to be carried out.
fn refusal(change: impl Fn(&Sandbox)) -> String {
    let sandbox = project(TABLES, BODY);
    sandbox.run(&["run", "a.flow", "--at", AT, "-p", "value=1.5"]).expect(0);
    plan(&sandbox, &["-o", "plan.json"]).expect(0);
    change(&sandbox);
    let ran = carry_out(&sandbox, &[]);
    assert!(matches!(ran.code, 1 | 2), "{}: {}{}", ran.code, ran.stdout, ran.stderr);
    // Nothing was run: the row is still as the first run left it, or as it was changed since.
    assert_eq!(ran.stdout, "");
    ran.stderr
}

#[test]
fn what_has_changed_since_is_told() {
    let told = refusal(|sandbox| {
        sandbox.run(&["run", "a.flow", "--at", AT, "-p", "value=2.0"]).expect(0);
    });
    assert!(told.contains("`do db.upsert` → nav: 1 updated → 1 unchanged"), "{told}");
    let told = refusal(|sandbox| {
        let flow = sandbox.read("a.flow").replace("value: float = 2.0", "value: float = 3.0");
        sandbox.write("a.flow", &flow);
    });
    assert!(told.contains("the workflow's files, or where its connections lead, have changed"), "{told}");
    assert!(told.contains("parameter `value`: 2.0 → 3.0"), "{told}");
    assert!(told.contains("`do db.upsert` → nav: other values are written (1 updated)"), "{told}");
    let told = refusal(|sandbox| {
        let newer = sandbox.read("plan.json").replace("\"vmflow_plan\": 1", "\"vmflow_plan\": 2");
        sandbox.write("plan.json", &newer);
    });
    assert!(told.contains("it is a plan of version 2, and this vmflow reads version 1; plan again"), "{told}");
    for broken in ["", "{}", "[1]", "{\"vmflow_plan\": 1}"] {
        let told = refusal(|sandbox| drop(sandbox.write("plan.json", broken)));
        assert!(told.contains("cannot run the plan `plan.json`"), "{broken}: {told}");
    }
}

#[test]
fn a_plan_goes_with_no_other_target_or_instant() {
    let sandbox = project(TABLES, BODY);
    plan(&sandbox, &["-o", "plan.json"]).expect(0);
    for more in [&["a.flow"][..], &["--at", AT], &["--job-id", "x"], &["--env", "local"]] {
        let ran = carry_out(&sandbox, more);
        assert_eq!(ran.code, 2, "{more:?}: {}", ran.stderr);
    }
    carry_out(&sandbox, &[]).expect(0);
}

#[test]
fn secrets_are_not_saved_and_given_again() {
    let sandbox = project(TABLES, &BODY.replace("token: secret? = none", "token: secret"));
    let planned: Json =
        plan(&sandbox, &["-p", "token=hunter2-is-long", "-p", "value=2.5", "-o", "plan.json"]).expect(0);
    assert!(!sandbox.read("plan.json").contains("hunter2"), "{planned:#}");
    assert_eq!(planned["given"], json!({ "value": { "text": "2.5" } }));
    let missing = carry_out(&sandbox, &[]);
    assert_eq!(missing.code, 2, "{}", missing.stderr);
    carry_out(&sandbox, &["-p", "token=hunter2-is-long"]).expect(0);
}

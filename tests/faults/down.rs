//! Servers that are not there, or let nobody in, from the start: exit code 4.

use super::{NOBODY, assert_error};
use crate::support::faulty::{Faulty, answer};
use crate::support::place::{Place, wait};
use crate::support::{postgres, victoria};

#[test]
fn no_database_is_no_success() {
    let place = Place::aimed_at(&format!("postgres://vmflow:hunter2@{NOBODY}/x"), &victoria::url()).impatient();
    let ran = place.extract(&[]);
    let result = ran.expect(4);
    assert_eq!(result["status"], "failed");
    assert_eq!(result["error"]["step"], "copies");
    assert_error(&result, "connection", &["cannot connect to PostgreSQL at 127.0.0.1:9"]);
    assert!(!ran.stdout.contains("hunter2") && !ran.stderr.contains("hunter2"));
    assert!(ran.stderr.contains("attempt 3 failed"), "{}", ran.stderr);
}

#[test]
fn no_victoria_metrics_is_no_lack_of_data() {
    let place = Place::real(&format!("http://{NOBODY}")).impatient();
    let ran = place.extract(&[]);
    let result = ran.expect(4);
    assert_eq!((&result["status"], &result["error"]["step"]), (&"failed".into(), &"newest".into()));
    assert_error(&result, "connection", &["127.0.0.1:9", "cannot be reached"]);
    assert_eq!(place.rows().len(), 0);
    let warnings = result["warnings"].as_array().unwrap();
    assert!(warnings.is_empty() || warnings.iter().all(|warning| warning["step"] != "newest"));
}

#[test]
fn a_wrong_password_is_the_environments_fault() {
    let server = postgres::Throwaway::start();
    let asking = "create user guest password 'the-right-one'";
    let place = Place::on(&server.url, &victoria::url());
    place.execute(asking);
    let hba = place.texts("show hba_file").remove(0);
    let rules = "host all guest 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n";
    std::fs::write(hba, rules).unwrap();
    place.execute("select pg_reload_conf()");
    let url = server.url.replace("vmflow@", "guest:the-wrong-one@");
    let place = Place::aimed_at(&url, &victoria::url()).impatient();
    let ran = place.extract(&[]);
    let result = ran.expect(4);
    assert_error(&result, "configuration", &["password authentication failed"]);
    assert!(result["error"]["help"].as_str().unwrap().contains("`password`"), "{}", result["error"]);
    assert!(!ran.stdout.contains("the-wrong-one") && !ran.stderr.contains("the-wrong-one"));
}

#[test]
fn a_wrong_token_is_the_environments_fault() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // It tells the token back, as some servers do.
    let server = runtime.block_on(Faulty::start(|asked| {
        let token = asked.head.lines().find(|line| line.starts_with("authorization")).unwrap_or("nothing").to_owned();
        answer("401 Unauthorized", "", &format!("no: {token}"))
    }));
    let mut place = Place::real(&server.url()).impatient();
    place.sandbox.set("VM_TOKEN", "a-token-nobody-may-see");
    let ran = place.extract(&[]);
    let result = ran.expect(4);
    assert_error(&result, "configuration", &["answered 401"]);
    assert_eq!(result["error"]["help"], "check the connection's credentials");
    assert!(!ran.stdout.contains("nobody-may-see") && !ran.stderr.contains("nobody-may-see"));
    assert!(wait(async { server.asked() })[0].head.contains("a-token-nobody-may-see"));
}

#[test]
fn an_embedded_store_that_cannot_be_opened_is_the_environments_fault() {
    for (path, file) in [(".vmflow/warehouse.db", "db"), (".vmflow/metrics", "vm")] {
        let place = Place::embedded();
        // A file where a folder should be: nobody, not even an administrator, can make the store below it.
        place.sandbox.write("blocked", "");
        place.edit("vmflow.yaml", path, &format!("blocked/{file}"));
        let ran = place.extract(&[]);
        assert_eq!(ran.code, 4, "{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("blocked"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
}

#[test]
fn a_damaged_store_is_told_as_such() {
    for file in [".vmflow/warehouse.db", ".vmflow/metrics/metrics.db"] {
        let place = Place::embedded();
        place.sandbox.write(file, &"this is no database ".repeat(1000));
        let ran = place.extract(&[]);
        assert_eq!(ran.code, 4, "{file}\n{}\n{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains("not a database"), "{}", ran.stderr);
    }
}

//! Environments and their connections.

use std::path::PathBuf;

use serde_json::json;

use super::*;
use crate::config::{Durable, WriteProtocol};

const EXAMPLE: &str = r#"
default_environment: local
environments:
  base: &nothing
    connections:
      vm: { kind: victoria_metrics, timeout: 90s }
  local:
    extends: base
    connections:
      db: { kind: sqlite, path: .vmflow/warehouse.db }
      vm: { kind: embedded, path: .vmflow/metrics }
  prod:
    extends: base
    protected: true
    connections:
      db:
        kind: postgres
        host: ${PG_HOST:?the warehouse's host}
        database: metrics
        user: vmflow
        password: ${VM_JOBS_DB_PASSWORD:?}
        tls: verify-full
        pool: "${N:-5}"
      vm:
        kind: victoria_metrics
        read_url: https://vm.example.com/select/0/prometheus/
        write_url: https://vm.example.com/insert/0/prometheus
        token: ${VM_TOKEN}
        future_retention: 2d
    lifecycle:
      - { kind: influx, url: ${INFLUXDB_URL}, token: ${INFLUXDB_TOKEN}, org: o, bucket: b,
          tags: { datacenter: ${CLUSTER_DATACENTER:-none}, project: p, stage: prod } }
"#;

#[test]
fn an_environment_takes_what_it_extends_and_types_it() {
    let set = [
        ("PG_HOST", "pg.example"),
        ("VM_JOBS_DB_PASSWORD", "hunter2"),
        ("VM_TOKEN", ""),
        ("INFLUXDB_URL", "https://influx.example"),
        ("INFLUXDB_TOKEN", "t0ken"),
    ];
    let prod = config(EXAMPLE, &set).environment("prod").unwrap();
    assert!(prod.protected);
    let db = ConnectionConfig::Postgres {
        address: ServerAddress::Parts {
            host: "pg.example".into(),
            port: 5432,
            database: "metrics".into(),
            user: Some("vmflow".into()),
            password: Some(Secret::new("hunter2")),
        },
        tls: Some(Tls::VerifyFull),
        pool: 5,
    };
    assert_eq!(prod.connections["db"].kind, db);
    let vm = ConnectionConfig::VictoriaMetrics {
        read_url: Url::new("https://vm.example.com/select/0/prometheus"),
        write_url: Url::new("https://vm.example.com/insert/0/prometheus"),
        server: MetricsServer { login: None, timeout_ms: 90_000, pool: 8, ca: None },
        future_retention_ms: 172_800_000,
        write: WriteProtocol::RemoteWrite,
        durable: Durable::Snapshot,
    };
    assert_eq!(prod.connections["vm"].kind, vm);
    let tags = [("datacenter", "none"), ("project", "p"), ("stage", "prod")];
    let influx = SinkConfig::Influx {
        url: Url::new("https://influx.example"),
        api: Influx::V2 { org: "o".into(), bucket: "b".into(), token: Some(Secret::new("t0ken")) },
        measurement: "scheduling-job".into(),
        tags: tags.map(|(name, value)| (name.into(), value.into())).into(),
    };
    assert_eq!(prod.sinks.iter().map(|sink| (&*sink.name, &sink.kind)).collect::<Vec<_>>(), [("influx", &influx)]);
    assert_eq!(prod.warnings.len(), 0);
}

#[test]
fn another_environment_is_not_disturbed_and_a_kind_replaces_a_kind() {
    let local = config(EXAMPLE, &[]).environment("local").unwrap();
    assert!(!local.protected && local.warnings.is_empty());
    let path = |path: &str| PathBuf::from("project").join(path);
    let vm = ConnectionConfig::Embedded { path: path(".vmflow/metrics"), seed: None };
    assert_eq!(local.connections["vm"].kind, vm);
    let names: Vec<_> = local.connections.keys().map(|name| &**name).collect();
    assert_eq!(names, ["vm", "db"]);
}

#[test]
fn all_that_is_missing_is_said_at_once() {
    let findings = config(EXAMPLE, &[("VM_JOBS_DB_PASSWRD", "x")]).environment("prod").unwrap_err();
    let errors: Vec<_> = findings.into_iter().filter(Diagnostic::is_error).collect();
    assert_lines(
        &shown(&source(EXAMPLE), &errors),
        &[
            "28:16 [${VM_TOKEN}] `VM_TOKEN` is not set | set the variable, or write `${VM_TOKEN:-}` if it may be empty",
            "18:15 [${PG_HOST:?the warehouse's host}] `PG_HOST` is not set: the warehouse's host | set the variable `PG_HOST`",
            "21:19 [${VM_JOBS_DB_PASSWORD:?}] `VM_JOBS_DB_PASSWORD` is not set | did you mean `VM_JOBS_DB_PASSWRD`, which is set?",
            "31:30 [${INFLUXDB_URL}] `INFLUXDB_URL` is not set | set the variable, or write `${INFLUXDB_URL:-}` if it may be empty",
            "31:54 [${INFLUXDB_TOKEN}] `INFLUXDB_TOKEN` is not set | set the variable, or write `${INFLUXDB_TOKEN:-}` if it may be empty",
        ],
    );
}

#[test]
fn the_environment_is_chosen_in_order() {
    let chosen = |flag: Option<&str>, set: &[(&str, &str)]| config(EXAMPLE, set).choose_environment(flag, None);
    assert_eq!(&*chosen(None, &[]).unwrap(), "local");
    assert_eq!(&*chosen(None, &[("VM_JOBS_ENVIRONMENT", "prod")]).unwrap(), "prod");
    assert_eq!(&*chosen(None, &[("VMFLOW_ENV", "base"), ("VM_JOBS_ENVIRONMENT", "prod")]).unwrap(), "base");
    assert_eq!(&*chosen(None, &[("VMFLOW_ENV", ""), ("VM_JOBS_ENVIRONMENT", "prod")]).unwrap(), "prod");
    assert_eq!(&*chosen(Some("prod"), &[("VMFLOW_ENV", "base")]).unwrap(), "prod");
    let said = |findings: Vec<Diagnostic>| shown(&source(EXAMPLE), &findings);
    assert_eq!(
        said(chosen(Some("prd"), &[]).unwrap_err()),
        "3:1 [environments] no environment `prd`, which `--env` asks for | did you mean `prod`? environments: `base`, `local`, `prod`"
    );
    assert_eq!(
        said(chosen(None, &[("VMFLOW_ENV", "staging")]).unwrap_err()),
        "3:1 [environments] no environment `staging`, which `VMFLOW_ENV` asks for | environments: `base`, `local`, `prod`"
    );
    let none = config("environments: { a: {} }", &[]).choose_environment(None, None).unwrap_err();
    assert_eq!(none[0].help.as_deref().unwrap(), "give `--env NAME`, or set `default_environment`; environments: `a`");
}

#[test]
fn a_project_without_configuration_has_an_empty_local_environment() {
    let config = config("", &[]);
    assert_eq!(&*config.choose_environment(None, None).unwrap(), "local");
    assert!(config.environment("local").unwrap().connections.is_empty());
    assert!(config.choose_environment(Some("prod"), None).is_err() && config.environment("prod").is_err());
}

#[test]
fn extends_says_where_it_cannot_be_followed() {
    let text = "
environments:
  a: { extends: b }
  b: { extends: c }
  c: { extends: b }
  d: { extends: abc }
  abcd: {}
  e: 5
";
    let config = config(text, &[]);
    let said = |name| shown(&source(text), &config.environment(name).unwrap_err());
    assert_eq!(said("a"), "5:17 [b] environments extend each other: b → c → b | remove one `extends`");
    let all = "environments: `a`, `b`, `c`, `d`, `abcd`, `e`";
    assert_eq!(said("d"), format!("6:17 [abc] no environment `abc` to extend | did you mean `abcd`? {all}"));
    assert_eq!(said("e"), "8:6 [5] `e` is a number, where a map is wanted | write a map");
    assert_eq!(said("x"), format!("2:1 [environments] no environment `x` | {all}"));
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_connection_says_what_it_wants() {
    let cases: [(&str, &[&str]); 16] = [
        ("db: sqlite", &["4:11 [sqlite] `db` is a text, where a map is wanted | write a map"]),
        ("db: { path: a }", &["4:7 [db] connection `db` wants `kind` | add `kind: …`"]),
        (
            "db: { kind: oracle }",
            &[
                "4:19 [oracle] `kind` is `oracle`, where one of `sqlite`, `postgres`, `mysql`, `embedded`, `victoria_metrics`, `prometheus`, `influxdb`, `http`, `files` is wanted | write one of `sqlite`, `postgres`, `mysql`, `embedded`, `victoria_metrics`, `prometheus`, `influxdb`, `http`, `files`",
            ],
        ),
        (
            "db: { kind: postgress }",
            &[
                "4:19 [postgress] `kind` is `postgress`, where one of `sqlite`, `postgres`, `mysql`, `embedded`, `victoria_metrics`, `prometheus`, `influxdb`, `http`, `files` is wanted | did you mean `postgres`?",
            ],
        ),
        ("db: { kind: sqlite, pth: a }", &["4:27 [pth] a `sqlite` connection has no key `pth` | did you mean `path`?"]),
        (
            "db: { kind: sqlite, path: }",
            &["4:27 [path] `path` has no value | write a text behind it, or remove the key"],
        ),
        ("db: { kind: sqlite, path: [a] }", &["4:33 [[a] `path` is a list, where a text is wanted | write a text"]),
        (
            "db: { kind: postgres, host: h, database: d, pool: many, port: 70000, tls: verifyfull }",
            &[
                "4:69 [70000] `port` is `70000`, where a whole number from 1 to 65535 is wanted | write a whole number from 1 to 65535",
                "4:81 [verifyfull] `tls` is `verifyfull`, where one of `disable`, `prefer`, `require`, `verify-ca`, `verify-full` is wanted | did you mean `verify-full`?",
                "4:57 [many] `pool` is `many`, where a whole number from 1 to 1000 is wanted | write a whole number from 1 to 1000",
            ],
        ),
        (
            "db: { kind: mysql, url: postgres://h/d, pool: 0 }",
            &[
                "4:31 [postgres://h/d] `url` is something else, where a URL that begins with `mysql://` or `mariadb://` is wanted | write a URL that begins with `mysql://` or `mariadb://`",
                "4:53 [0] `pool` is `0`, where a whole number from 1 to 1000 is wanted | write a whole number from 1 to 1000",
            ],
        ),
        (
            "db: { kind: postgres, url: \"postgres://h/d\", host: h }",
            &["4:52 [host] `host` is given beside `url` | keep the `url`, or the parts without it"],
        ),
        (
            "vm: { kind: victoria_metrics, query_url: \"http://h\" }",
            &[
                "4:37 [query_url] a `victoria_metrics` connection has no key `query_url` | did you mean `read_url`?",
                "4:7 [vm] connection `vm` wants `write_url` | add `url: http://…`, or `read_url: …` and `write_url: …`",
            ],
        ),
        (
            "vm: { kind: victoria_metrics, url: ftp://h, timeout: 30, username: u }",
            &[
                "4:42 [ftp://h] `url` is something else, where a URL that begins with `http://` or `https://` is wanted | write a URL that begins with `http://` or `https://`",
                "4:7 [vm] connection `vm` has only one of `username` and `password` | give both, or neither",
                "4:60 [30] `timeout` has no unit | write `30s` for seconds",
            ],
        ),
        (
            "vm: { kind: victoria_metrics, url: http://h, timeout: soon, future_retention: -1d }",
            &[
                "4:61 [soon] `timeout` is `soon`, where a duration such as `30s`, `500ms` or `1h30m` is wanted | write a duration such as `30s`, `500ms` or `1h30m`",
                "4:85 [-1d] `future_retention` is `-1d`, where a duration such as `30s`, `500ms` or `1h30m` is wanted | write a duration such as `30s`, `500ms` or `1h30m`",
            ],
        ),
        (
            "api: { kind: http, base_url: http://h, headers: { \"a b\": c } }",
            &["4:57 [\"a b\"] `a b` is no name of a header | use letters, digits and `-`"],
        ),
        (
            "api: { kind: http, base_url: \"${U\", headers: { accept: \"${1}\" } }",
            &[
                "4:37 [${U] `${` is not closed with `}` | write `${NAME}`, or `$$` for a dollar",
                "4:63 [${1}] no name stands in `${…}` | write `${NAME}`, or `$$` for a dollar",
            ],
        ),
        (
            "vm: { kind: victoria_metrics, url: http://h, token: \"${T:?}\", password: \"${P:?}\" }",
            &["4:7 [vm] connection `vm` has a `token` beside `username` or `password` | keep one of them"],
        ),
    ];
    for (text, expected) in cases {
        assert_lines(&connecting(text, &[("T", "tttt"), ("P", "pppp")]), expected);
    }
}

#[test]
fn a_secret_in_clear_is_an_error_and_here_a_warning() {
    let help = "keep it in a variable and write `${PASSWORD:?}`";
    let cases = [
        (
            "db: { kind: postgres, host: h, database: d, password: \"hunter2\" }",
            format!("4:61 [\"hunter2\"] VF702 `password` holds a secret in clear | {help}"),
        ),
        (
            "db: { kind: postgres, host: localhost, database: d, password: 0123 }",
            format!("4:69 [0123] warning VF702 `password` holds a secret in clear | {help}"),
        ),
        (
            "db: { kind: postgres, host: h, database: d, password: \"${X:-hunter2}\" }",
            format!("4:61 [\"${{X:-hunter2}}\"] VF702 `password` holds a secret in clear | {help}"),
        ),
        (
            "db: { kind: postgres, url: postgres://u:hunter2@h/d }",
            "4:47 [hunter2] VF702 the URL in `url` holds a password in clear | keep it in a variable and write `${URL:?}`"
                .to_owned(),
        ),
        (
            "api: { kind: http, base_url: http://h, headers: { x-api-key: abcdef, accept: text } }",
            "4:68 [abcdef] VF702 `x-api-key` holds a secret in clear | keep it in a variable and write `${X_API_KEY:?}`"
                .to_owned(),
        ),
        ("db: { kind: postgres, url: \"postgres://u:$X@h/d\" }", String::new()),
        ("api: { kind: http, base_url: http://h, headers: { authorization: \"Bearer ${X}\" } }", String::new()),
        ("db: { kind: postgres, host: h, database: d, password: \"\" }", String::new()),
    ];
    for (text, expected) in cases {
        assert_eq!(connecting(text, &[("X", "abcd")]), expected);
    }
}

#[test]
fn what_is_shown_of_an_environment_is_masked() {
    let text = "
mask: [accept]
environments:
  e:
    connections:
      auth: { kind: postgres, url: \"${DSN}\" }
      pg: { kind: postgres, host: h, database: d, user: u, password: \"${PW}\" }
      my: { kind: mysql, host: h, database: d, user: u, password: \"${PW}\", tls: require }
      vm: { kind: victoria_metrics, url: http://h, username: u, password: \"${PW}\" }
      api: { kind: http, base_url: \"http://${HOST}\", headers: { authorization: \"Bearer ${API_TOKEN}\", accept: \"$ACC\" } }
";
    let set = [
        ("ACC", "text"),
        ("DSN", "postgres://u:p%40ss-word@h/d"),
        ("PW", "secret123"),
        ("HOST", "api"),
        ("API_TOKEN", "tok-en-1"),
    ];
    let environment = config(text, &set).environment("e").unwrap();
    let expected = json!({ "connections": {
        "auth": { "kind": "postgres", "url": "postgres://u:•••@h/d", "pool": 8 },
        "pg": { "kind": "postgres", "host": "h", "port": 5432, "database": "d", "user": "u", "password": "se*****23", "pool": 8 },
        "my": { "kind": "mysql", "host": "h", "port": 3306, "database": "d", "user": "u", "password": "se*****23", "tls": "require", "pool": 8 },
        "vm": {
            "kind": "victoria_metrics", "read_url": "http://h", "write_url": "http://h", "username": "u",
            "password": "se*****23", "timeout_ms": 30_000, "pool": 8, "future_retention_ms": 172_800_000,
            "write": "remote_write", "durable": "snapshot",
        },
        "api": {
            "kind": "http", "base_url": "http://api", "timeout_ms": 30_000, "pool": 8, "max_body": 67_108_864,
            "headers": { "authorization": "Be***********-1", "accept": "****" },
        },
    }});
    assert_eq!(environment.masked_json(), expected);
    let redactor = environment.redactor();
    let log = "p%40ss-word p@ss-word secret123 tok-en-1 Bearer tok-en-1 api text";
    assert_eq!(redactor.redact(log), "••• ••• ••• ••• ••• api •••");
    assert!(!format!("{environment:?}").contains("secret123"));
}

#[test]
fn a_check_of_the_file_needs_no_variables() {
    let text = "
environments:
  a:
    connections: { db: { kind: postgres, host: \"${H}\", databse: \"${D:?}\", pool: \"${P}\" } }
    potected: true
  b: { extends: a, protected: maybe }
";
    assert_lines(
        &shown(&source(text), &config(text, &[]).check()),
        &[
            "4:56 [databse] a `postgres` connection has no key `databse` | did you mean `database`?",
            "5:5 [potected] an environment has no key `potected` | did you mean `protected`?",
            "6:31 [maybe] `protected` is `maybe`, where `true` or `false` is wanted | write `true` or `false`",
        ],
    );
}

#[test]
fn a_secret_on_the_wire_is_found() {
    let set = [("T", "hunter2hunter2")];
    let said = |connection: &str| connecting(connection, &set);
    let plain = "goes to another machine unencrypted, and a secret with it";
    for (connection, place, key, help) in [
        (
            "c: { kind: victoria_metrics, url: 'http://vm.example.com', token: $T }",
            "'http://vm.example.com'",
            "url",
            "`https://`",
        ),
        (
            "c: { kind: prometheus, url: 'HTTP://u:$T@10.0.0.1:9090' }",
            "'HTTP://u:$T@10.0.0.1:9090'",
            "url",
            "`https://`",
        ),
        (
            "c: { kind: http, base_url: 'http://api.example.com', headers: { X-Api-Key: $T } }",
            "'http://api.example.com'",
            "base_url",
            "`https://`",
        ),
        (
            "c: { kind: postgres, host: db.example.com, database: d, password: $T, tls: disable }",
            "disable",
            "host",
            "`verify-full`, or `require` where the server's certificate cannot be checked",
        ),
    ] {
        let found = said(connection);
        let expected = format!("[{place}] warning VF703 `{key}` {plain} | write {help}");
        assert!(found.ends_with(&expected) && !found.contains('\n'), "{found}");
    }
    for fine in [
        "c: { kind: victoria_metrics, url: 'https://vm.example.com', token: $T }",
        "c: { kind: victoria_metrics, url: 'http://vm.example.com' }",
        "c: { kind: victoria_metrics, url: 'http://vm.example.com', token: '${NONE:-}' }",
        "c: { kind: victoria_metrics, url: 'http://vm:8428', token: $T }",
        "c: { kind: victoria_metrics, url: 'http://127.0.0.1:8428', token: $T }",
        "c: { kind: http, base_url: 'http://api.example.com', headers: { accept: text/csv } }",
        "c: { kind: postgres, host: db.example.com, database: d, password: $T }",
        "c: { kind: postgres, host: db, database: d, password: $T, tls: disable }",
    ] {
        assert_eq!(said(fine), "", "{fine}");
    }
}

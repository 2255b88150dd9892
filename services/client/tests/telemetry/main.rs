//! What client and server tell about themselves: the programs, beside a Redis in this process.

mod collector;
mod page;
mod program;
mod redis;
mod table;
mod traces;

use program::Program;
use redis::Redis;

/// Both programs, from when the client's first iteration is done.
fn start(redis: &Redis, iterations: &str) -> (Program, Program) {
    let server = Program::server(redis.address(), &[]);
    server.wait_for("readiness: SERVING");
    let client = Program::client(server.port(), iterations, &[]);
    client.wait_for("iteration 1 done");
    (client, server)
}

#[test]
fn the_table_is_what_the_services_export() {
    let redis = Redis::start();
    let (client, server) = start(&redis, "0");
    let mut exported = client.page().metrics("client");
    exported.extend(server.page().metrics("server"));
    let told = table::read();
    assert_eq!(
        table::join(exported),
        told,
        "left is what is exported, right docs/metrics.md"
    );
}

#[test]
fn calls_are_counted_on_both_sides() {
    let redis = Redis::start();
    let (client, server) = start(&redis, "0");
    for (page, side) in [(client.page(), "client"), (server.page(), "server")] {
        for (method, least) in [
            ("GetFeature", 2),
            ("ListFeatures", 1),
            ("RecordRoute", 1),
            ("RouteChat", 1),
        ] {
            let labels =
                format!("grpc_service=\"routeguide.v1.RouteGuide\",grpc_method=\"{method}\"");
            let ok = format!("grpc_{side}_handled_total{{{labels},grpc_code=\"OK\"}}");
            assert!(page.value(&ok) >= least, "{ok}:\n{page}");
            let started = format!("grpc_{side}_started_total{{{labels}}}");
            assert!(page.value(&started) >= least, "{started}:\n{page}");
            let count = format!("grpc_{side}_handling_seconds_count{{{labels}}}");
            assert!(page.value(&count) >= least, "{count}:\n{page}");
        }
        assert_eq!(page.failures(), [""; 0], "{page}");
    }
}

#[test]
fn redis_is_up_until_it_is_not() {
    let mut redis = Redis::start();
    let (client, server) = start(&redis, "1");
    let page = server.page();
    assert_eq!(page.value("redis_up"), 1, "{page}");
    assert_eq!(page.value("redis_connections"), 1, "{page}");
    for command in ["GEOSEARCH", "GET", "HGET", "HMGET", "MULTI", "PING"] {
        let ok = format!("redis_commands_total{{command=\"{command}\",result=\"ok\"}}");
        let error = ok.replace("\"ok\"", "\"error\"");
        assert!(page.value(&ok) >= 1, "{ok}:\n{page}");
        assert_eq!(page.value(&error), 0, "{error}:\n{page}");
    }
    // Nobody calls any more.
    client.wait_for_end();
    redis.stop();
    server.wait_for("readiness: NOT_SERVING");
    let page = server.page();
    assert_eq!(page.value("redis_up"), 0, "{page}");
    let error = "redis_commands_total{command=\"PING\",result=\"error\"}";
    assert!(page.value(error) >= 1, "{page}");
}

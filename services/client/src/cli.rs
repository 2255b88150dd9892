//! The arguments. Their defaults are places of the server's own fixture; what is at these places, only
//! the server knows.

use crate::point::Point;
use std::time::Duration;

/// Asks a route guide server about places, again and again, and logs the answers.
#[derive(Clone, Debug, clap::Parser)]
#[command(version)]
pub struct Args {
    /// The server's address.
    #[arg(long, value_name = "HOST:PORT")]
    pub server: String,
    /// How often to ask all four questions; 0 means for ever.
    #[arg(long, default_value_t = 0)]
    pub iterations: u64,
    /// Seconds between two iterations.
    #[arg(long, default_value = "5", value_name = "SECONDS", value_parser = seconds)]
    pub interval: Duration,
    /// A place with a feature: what is there is asked for.
    #[arg(
        long,
        default_value = "54.2019,5.4688",
        value_name = "LAT,LON",
        allow_hyphen_values = true
    )]
    pub place: Point,
    /// A place without one.
    #[arg(
        long,
        default_value = "54,6",
        value_name = "LAT,LON",
        allow_hyphen_values = true
    )]
    pub nowhere: Point,
    /// Two opposite corners of a rectangle: the features in it are listed.
    #[arg(long, num_args = 2, default_values = ["53.9,5", "54.5,6.5"], value_names = ["LAT,LON", "LAT,LON"],
          allow_hyphen_values = true)]
    pub corners: Vec<Point>,
    /// The points of a route: it is travelled, and a note is left at each point.
    #[arg(long, num_args = 1.., default_values = ["54.2019,5.4688", "54.2257,5.5412", "54,6", "54.0704,6.3191"],
          value_name = "LAT,LON", allow_hyphen_values = true)]
    pub route: Vec<Point>,
    /// Metrics.
    #[command(flatten)]
    pub telemetry: telemetry::Options,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("got {text:?}, want seconds, such as 5 or 0.5"))
}

/// The URI of the server.
///
/// # Errors
/// When it is not `host:port`.
pub fn uri(server: &str) -> Result<tonic::transport::Uri, crate::error::Error> {
    server
        .rsplit_once(':')
        .filter(|(host, port)| !host.is_empty() && port.parse().is_ok_and(|port: u16| port > 0))
        .and_then(|_| format!("http://{server}").parse().ok())
        .ok_or_else(|| crate::error::Error::Server {
            got: server.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[test]
    fn defaults_and_negative_points() {
        let args = Args::try_parse_from(["client", "--server", "server:50001"]).expect("parses");
        assert_eq!(
            (args.iterations, args.interval),
            (0, Duration::from_secs(5))
        );
        assert_eq!((args.corners.len(), args.route.len()), (2, 4));
        let args = [
            "client",
            "--server=s:1",
            "--corners",
            "-1,-2",
            "3,4",
            "--interval=0.5",
        ];
        let args = Args::try_parse_from(args).expect("parses");
        assert_eq!(args.corners[0].to_string(), "-1,-2");
        assert_eq!(args.interval, Duration::from_millis(500));
    }

    #[test]
    fn an_interval_is_a_number_of_seconds() {
        for text in ["-1", "x", "NaN", "inf", ""] {
            let want = format!("got {text:?}, want seconds, such as 5 or 0.5");
            assert_eq!(seconds(text), Err(want));
        }
    }

    #[test]
    fn a_server_is_host_and_port() {
        assert_eq!(
            uri("server:50001").expect("parses").to_string(),
            "http://server:50001/"
        );
        for text in ["server", ":1", "server:", "server:0", "a b:1"] {
            let error = uri(text).expect_err(text);
            assert_eq!(
                error.to_string(),
                format!("--server: got {text:?}, want host:port")
            );
        }
    }
}

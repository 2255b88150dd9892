//! The cluster that this program runs in, as a bundle's Job does: its API server by the variables
//! that every pod has, and the pod's service account by the files that the kubelet mounts
//! (Kubernetes, "Accessing the Kubernetes API from a Pod").
//!
//! Only where it is asked for by name: whoever has put the pod there has chosen the cluster, and no
//! program finds itself in one by accident.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::environment::ProcessEnvironment;
use crate::error::{Error, Reason};
use crate::kubeconfig::{Found, ours};

/// Where the kubelet mounts what a service account has.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The connection settings of the pod.
///
/// # Errors
/// This is no pod, or it has no service account.
pub fn find(environment: &ProcessEnvironment) -> Result<Found, Error> {
    find_in(Path::new(ACCOUNT), environment)
}

fn find_in(account: &Path, environment: &ProcessEnvironment) -> Result<Found, Error> {
    let refused = |reason| Error::InCluster {
        source: Reason(reason),
    };
    let Some(server) = &environment.api_server else {
        let reason = "KUBERNETES_SERVICE_HOST: got nothing, want a pod, whose kubelet sets it";
        return Err(refused(reason.to_owned()));
    };
    let unreadable = |path: &Path, error: std::io::Error| {
        refused(format!(
            "{}: {error}; want a pod with a service account",
            path.display()
        ))
    };
    let url = format!("https://{server}");
    let url = url.parse().map_err(|error: http::uri::InvalidUri| {
        refused(format!("KUBERNETES_SERVICE_HOST: got `{server}`: {error}"))
    })?;
    let authority = account.join("ca.crt");
    let certificates = std::fs::read(&authority).map_err(|error| unreadable(&authority, error))?;
    let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(&certificates)
        .filter_map(|certificate| Some(certificate.ok()?.to_vec()))
        .collect();
    if certificates.is_empty() {
        let reason = format!("{}: want certificates in PEM", authority.display());
        return Err(refused(reason));
    }
    let token = account.join("token");
    std::fs::metadata(&token).map_err(|error| unreadable(&token, error))?;
    let mut config = kube::Config::new(url);
    config.root_cert = Some(certificates);
    // Read again as the kubelet renews it.
    config.auth_info.token_file = Some(token.display().to_string());
    Ok(Found {
        config: ours(config),
        kubectl: "kubectl".to_owned(),
        path: token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an account of these files is, told of a server.
    fn found(files: &[(&str, &str)], server: Option<&str>) -> Result<Found, String> {
        let account = tempfile::tempdir().expect("folder");
        for (name, text) in files {
            std::fs::write(account.path().join(name), text).expect("write");
        }
        let environment = ProcessEnvironment {
            api_server: server.map(str::to_owned),
            ..ProcessEnvironment::default()
        };
        find_in(account.path(), &environment).map_err(|error| {
            let text = windlass_report::render(&error);
            text.replace(&account.path().display().to_string(), "ACCOUNT")
        })
    }

    fn certificate() -> String {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        made.expect("a certificate").cert.pem()
    }

    #[test]
    fn a_pod_is_its_service_account() {
        let files = [("ca.crt", &*certificate()), ("token", "t")];
        let found = found(&files, Some("10.0.0.1:443")).expect("found");
        assert_eq!(
            found.config.cluster_url.to_string(),
            "https://10.0.0.1:443/"
        );
        assert_eq!(found.config.root_cert.map(|certs| certs.len()), Some(1));
        let token = found.config.auth_info.token_file.expect("a token");
        assert!(token.ends_with("/token"), "{token}");
        assert!(!found.config.default_retry);
    }

    #[test]
    fn what_a_pod_lacks_is_named() {
        let certificate = certificate();
        let here = Some("10.0.0.1:443");
        for (files, server, cause) in [
            (
                &[] as &[(&str, &str)],
                None,
                "KUBERNETES_SERVICE_HOST: got nothing, want a pod, whose kubelet sets it",
            ),
            (
                &[],
                here,
                "ACCOUNT/ca.crt: No such file or directory (os error 2); want a pod with a \
                 service account",
            ),
            (
                &[("ca.crt", "x")],
                here,
                "ACCOUNT/ca.crt: want certificates in PEM",
            ),
            (
                &[("ca.crt", &certificate)],
                here,
                "ACCOUNT/token: No such file or directory (os error 2); want a pod with a service \
                 account",
            ),
        ] {
            let want = format!(
                "error: cannot reach the cluster that this program runs in\ncause: {cause}\n"
            );
            assert_eq!(found(files, server).expect_err("refused"), want);
        }
    }
}

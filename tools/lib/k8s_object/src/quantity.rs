//! The canonical form of a quantity, as the API server stores it.
//!
//! The API server rewrites `1000m` to `1`. A manifest that says `1000m` then differs from what is
//! stored for ever, and its next apply conflicts with nobody. So only the canonical form is let in.
//!
//! Source: `k8s.io/apimachinery/pkg/api/resource`, `quantity.go`, `CanonicalizeBytes`.

use serde_json::Value;

use crate::images::{CONTAINER_LISTS, pod_spec};

/// A quantity field that is not in canonical form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(strum::VariantNames, strum::IntoStaticStr))]
pub enum QuantityError {
    /// A quantity, in another form than it is stored in.
    #[error("{path}: got `{got}`, want the canonical form `{want}`")]
    NotCanonical {
        /// The field: `spec.template.spec.containers[0].resources.limits.cpu`.
        path: String,
        /// What stands there.
        got: String,
        /// The same quantity as the API server stores it.
        want: String,
    },
    /// Not a quantity.
    #[error("{path}: got `{got}`, want a quantity as in `500m`, `2` or `64Mi`")]
    NotQuantity {
        /// The field.
        path: String,
        /// What stands there.
        got: String,
    },
}

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];

/// The canonical form of a quantity; `None` if the text is none, or larger than `Ei`.
///
/// ```
/// use windlass_k8s_object::quantity::canonical;
/// assert_eq!(canonical("1000m").as_deref(), Some("1"));
/// assert_eq!(canonical("1024Mi").as_deref(), Some("1Gi"));
/// assert_eq!(canonical("0.5").as_deref(), Some("500m"));
/// ```
pub fn canonical(text: &str) -> Option<String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = -i32::try_from(fraction.len()).ok()?;
    if digits == 0 {
        return suffix_is_known(suffix).then(|| "0".to_owned());
    }
    let unsigned = if suffix.is_empty() {
        decimal(digits, scale, Exponent::Suffix)
    } else if let Some(power) = BINARY.iter().position(|known| *known == suffix) {
        binary(digits, scale, u32::try_from(power).ok()?)
    } else if let Some((_, exponent)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        decimal(digits, scale + exponent, Exponent::Suffix)
    } else {
        let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
        decimal(digits, scale.checked_add(exponent)?, Exponent::Number)
    };
    Some(format!("{sign}{}", unsigned?))
}

fn suffix_is_known(suffix: &str) -> bool {
    BINARY.contains(&suffix)
        || DECIMAL.iter().any(|(known, _)| *known == suffix)
        || suffix
            .strip_prefix(['e', 'E'])
            .is_some_and(|number| number.parse::<i32>().is_ok())
}

/// How a power of ten is written: `1k` or `1e3`. A quantity keeps the way it came in.
#[derive(Clone, Copy)]
enum Exponent {
    Suffix,
    Number,
}

/// The largest power of a thousand, no fraction; below a nano it is rounded up.
fn decimal(mut digits: i128, mut exponent: i32, written: Exponent) -> Option<String> {
    while digits % 10 == 0 {
        digits /= 10;
        exponent = exponent.checked_add(1)?;
    }
    while exponent < -9 {
        digits = (digits + 9) / 10;
        exponent += 1;
    }
    while exponent % 3 != 0 {
        digits = digits.checked_mul(10)?;
        exponent -= 1;
    }
    let suffix = match written {
        Exponent::Number if exponent == 0 => String::new(),
        Exponent::Number => format!("e{exponent}"),
        Exponent::Suffix => DECIMAL
            .iter()
            .find(|(_, known)| *known == exponent)
            .map(|(s, _)| (*s).to_owned())?,
    };
    Some(format!("{digits}{suffix}"))
}

/// The largest power of 1024, no fraction, rounded up; below 1024 it becomes a decimal one.
fn binary(digits: i128, scale: i32, power: u32) -> Option<String> {
    let raised = digits.checked_mul(1024_i128.checked_pow(power)?)?;
    let divisor = 10_i128.checked_pow(scale.unsigned_abs())?;
    if raised < divisor.checked_mul(1024)? {
        return decimal(raised, scale, Exponent::Suffix);
    }
    let mut number = (raised + divisor - 1) / divisor;
    let mut suffix = 0;
    while number % 1024 == 0 && suffix + 1 < BINARY.len() {
        number /= 1024;
        suffix += 1;
    }
    Some(format!("{number}{}", BINARY[suffix]))
}

/// The first quantity of an object that is not in canonical form: requests and limits of
/// containers and pods, the storage of claims and volumes, the `hard` of a `ResourceQuota`.
pub fn check(document: &Value) -> Result<(), QuantityError> {
    if let Some((path, spec)) = pod_spec(document) {
        check_resources(&path, spec)?;
        for list in CONTAINER_LISTS {
            let containers = spec.get(list).and_then(Value::as_array);
            for (index, container) in containers.into_iter().flatten().enumerate() {
                check_resources(&format!("{path}.{list}[{index}]"), container)?;
            }
        }
    }
    let Some(spec) = document.get("spec") else {
        return Ok(());
    };
    match document.get("kind").and_then(Value::as_str) {
        Some("PersistentVolumeClaim") => check_resources("spec", spec),
        Some("PersistentVolume") => check_map("spec.capacity", spec.get("capacity")),
        Some("ResourceQuota") => check_map("spec.hard", spec.get("hard")),
        Some("StatefulSet") => {
            let claims = spec.get("volumeClaimTemplates").and_then(Value::as_array);
            for (index, claim) in claims.into_iter().flatten().enumerate() {
                if let Some(spec) = claim.get("spec") {
                    check_resources(&format!("spec.volumeClaimTemplates[{index}].spec"), spec)?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_resources(path: &str, holder: &Value) -> Result<(), QuantityError> {
    let Some(resources) = holder.get("resources") else {
        return Ok(());
    };
    for part in ["requests", "limits"] {
        check_map(&format!("{path}.resources.{part}"), resources.get(part))?;
    }
    Ok(())
}

fn check_map(path: &str, map: Option<&Value>) -> Result<(), QuantityError> {
    for (name, value) in map.and_then(Value::as_object).into_iter().flatten() {
        let path = format!("{path}.{name}");
        let (got, is_text) = match value {
            Value::String(text) => (text.clone(), true),
            other => (other.to_string(), false),
        };
        let Some(want) = canonical(&got) else {
            return Err(QuantityError::NotQuantity { path, got });
        };
        if !is_text {
            // A number is stored as a string, so even `1` differs from what is stored.
            return Err(QuantityError::NotCanonical {
                path,
                got,
                want: format!("\"{want}\""),
            });
        }
        if want != got {
            return Err(QuantityError::NotCanonical { path, got, want });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_forms() {
        let cases = [
            ("0", "0"),
            ("0Mi", "0"),
            ("1", "1"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("1.", "1"),
            ("1.5", "1500m"),
            ("0.25", "250m"),
            ("1000", "1k"),
            ("1500", "1500"),
            ("1000k", "1M"),
            ("1500M", "1500M"),
            ("1.5G", "1500M"),
            ("64Mi", "64Mi"),
            ("1024Mi", "1Gi"),
            ("1000Mi", "1000Mi"),
            ("0.5Gi", "512Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1Ki", "1Ki"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("1000e0", "1e3"),
            ("12e-1", "1200e-3"),
            ("1E", "1E"),
            ("100u", "100u"),
            ("0.1n", "1n"),
            ("-1000m", "-1"),
        ];
        for (text, want) in cases {
            assert_eq!(canonical(text).as_deref(), Some(want), "{text}");
        }
        for text in ["", "m", "1x", "1.2.3", "abc", "1ee3", "0x", "1 Gi"] {
            assert_eq!(canonical(text), None, "{text}");
        }
    }

    #[test]
    fn places_that_hold_quantities() {
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {
            "containers": [{"resources": {"requests": {"cpu": "1000m"}}}]}}}});
        assert_eq!(
            check(&deployment).expect_err("refused").to_string(),
            "spec.template.spec.containers[0].resources.requests.cpu: got `1000m`, want the canonical form `1`"
        );
        let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "spec": {"resources": {"requests": {"storage": "1024Mi"}}}});
        assert!(
            check(&claim)
                .expect_err("refused")
                .to_string()
                .ends_with("`1Gi`")
        );
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {
            "template": {"spec": {"containers": [{"resources": {"limits": {"memory": "64Mi"}}}]}},
            "volumeClaimTemplates": [{"spec": {"resources": {"requests": {"storage": "0.5Gi"}}}}]}});
        assert!(
            check(&set)
                .expect_err("refused")
                .to_string()
                .contains("volumeClaimTemplates[0]")
        );
        let number = json!({"apiVersion": "v1", "kind": "Pod",
            "spec": {"containers": [{"resources": {"limits": {"cpu": 1}}}]}});
        assert!(
            check(&number)
                .expect_err("refused")
                .to_string()
                .ends_with("got `1`, want the canonical form `\"1\"`")
        );
        let word = json!({"apiVersion": "v1", "kind": "Pod",
            "spec": {"containers": [{"resources": {"limits": {"cpu": "much"}}}]}});
        assert!(
            check(&word)
                .expect_err("refused")
                .to_string()
                .contains("want a quantity")
        );
    }

    #[test]
    fn an_object_without_quantities_passes() {
        assert_eq!(
            check(&json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"cpu": "1000m"}})),
            Ok(())
        );
    }
}

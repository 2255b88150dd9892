//! What a scalar without quotes stands for: the rules of kubectl's YAML library (`resolve` of
//! go.yaml.in/yaml/v2), which are those of YAML 1.1 without base 60, dates as text.

use serde_json::{Number, Value};

use crate::Why;

/// The value of a plain scalar.
///
/// # Errors
/// What JSON cannot hold, and numbers that readers disagree about.
pub fn resolve(text: &str) -> Result<Value, Why> {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Value::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF"
        | "-.inf" | "-.Inf" | "-.INF" => {
            return Err(Why::NotFinite {
                got: text.to_owned(),
            });
        }
        _ => number(text)?.map_or_else(|| text.into(), Value::Number),
    };
    Ok(value)
}

fn number(text: &str) -> Result<Option<Number>, Why> {
    match text.as_bytes().first() {
        Some(b'.') if !separates(text) => Ok(None),
        Some(b'.') => Ok(float(&text.replace('_', ""))),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let digits = text.replace('_', "");
            Ok(integer(&digits, text)?.or_else(|| float(&digits)))
        }
        _ => Ok(None),
    }
}

/// Whether each `_` stands between digits. Before anything but `.`, kubectl does not ask.
fn separates(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut inside = (0..bytes.len()).filter(|&at| bytes[at] == b'_');
    let digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    inside.all(|at| digit(at.checked_sub(1)) && digit(at.checked_add(1)))
}

/// An integer: decimal, or with `0x`, `0b`, `0o` or `0` before it, as Go's `ParseInt` of base 0.
fn integer(digits: &str, text: &str) -> Result<Option<Number>, Why> {
    let (sign, magnitude) = match digits.strip_prefix(['+', '-']) {
        Some(rest) => (&digits[..1], rest),
        None => ("", digits),
    };
    let prefixed = |lower, upper| {
        magnitude
            .strip_prefix(lower)
            .or_else(|| magnitude.strip_prefix(upper))
    };
    let (radix, plain) = if let Some(rest) = prefixed("0x", "0X") {
        (16, rest)
    } else if let Some(rest) = prefixed("0b", "0B") {
        (2, rest)
    } else if let Some(rest) = prefixed("0o", "0O") {
        (8, rest)
    } else if magnitude.len() > 1 && magnitude.starts_with('0') {
        (8, &magnitude[1..])
    } else {
        (10, magnitude)
    };
    if plain.is_empty() || !plain.chars().all(|c| c.is_digit(radix)) {
        let decimal = !magnitude.is_empty() && magnitude.chars().all(|c| c.is_ascii_digit());
        return if decimal {
            // Begins with 0, holds an 8 or a 9.
            Err(Why::LeadingZero {
                got: text.to_owned(),
            })
        } else {
            Ok(None)
        };
    }
    let too_large = || Why::TooLarge {
        got: text.to_owned(),
    };
    let magnitude = i128::from_str_radix(plain, radix).map_err(|_| too_large())?;
    let value = if sign == "-" { -magnitude } else { magnitude };
    let small = i64::try_from(value).map(Number::from);
    // Behind a sign, kubectl has 63 bits.
    let large = || match sign {
        "" => u64::try_from(value).map(Number::from).ok(),
        _ => None,
    };
    small.ok().or_else(large).map(Some).ok_or_else(too_large)
}

/// A decimal fraction, or with an exponent. What is too large for a double is text to kubectl.
fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let mantissa_holds = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_holds = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    if !mantissa_holds || !exponent_holds {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    // `1e3` is the integer 1000 in JSON: a field that wants one takes it.
    let whole = value.to_string();
    let integer = whole.parse::<i64>().map(Number::from);
    integer
        .or_else(|_| whole.parse::<u64>().map(Number::from))
        .ok()
        .or_else(|| Number::from_f64(value))
}

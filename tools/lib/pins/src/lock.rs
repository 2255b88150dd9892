//! The lock file as a whole.

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};
use windlass_oci_reference::{ImageReference, Repository};

use crate::error::LockError;
use crate::json::Json;
use crate::pin::{ParseError, Pin};
use windlass_nearest::one_of;

/// What a pin may hold, as written.
const PIN_KEYS: [&str; 5] = ["image", "commit", "toolchain", "time", "who"];

/// A lock file: environment -> image key -> pin, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    environments: Vec<(String, Vec<(String, Pin)>)>,
}

impl Lock {
    /// Reads the file's text.
    ///
    /// # Errors
    /// See [`LockError`]; whether the names mean anything is for [`Lock::check_environments`] and
    /// [`Lock::check_images`] to say.
    pub fn parse(text: &str) -> Result<Self, LockError> {
        let json = serde_json::from_str(text).map_err(LockError::Json)?;
        let mut environments = Vec::new();
        for (environment, pins) in object(json, "", "an object of environments")? {
            let mut images = Vec::new();
            for (key, pin) in object(pins, &environment, "an object of image keys")? {
                let place = format!("{environment}.{key}");
                images.push((key, parse_pin(pin, &place)?));
            }
            environments.push((environment, images));
        }
        Ok(Self { environments })
    }

    /// The environments that the file names, and their pins by image key.
    pub fn environments(&self) -> impl Iterator<Item = (&str, &[(String, Pin)])> {
        self.environments
            .iter()
            .map(|(name, images)| (name.as_str(), images.as_slice()))
    }

    /// The image keys of all environments, each once.
    pub fn images(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = Vec::new();
        for (key, _) in self.environments.iter().flat_map(|(_, images)| images) {
            if !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
        keys
    }

    /// The pin of one image in one environment.
    pub fn get(&self, environment: &str, key: &str) -> Option<&Pin> {
        let (_, images) = self
            .environments
            .iter()
            .find(|(name, _)| name == environment)?;
        let (_, pin) = images.iter().find(|(name, _)| name == key)?;
        Some(pin)
    }

    /// Sets one pin in its place, or behind the others; gives what it was.
    pub fn set(&mut self, environment: &str, key: &str, pin: Pin) -> Option<Pin> {
        let images = entry(&mut self.environments, environment, Vec::new);
        if let Some((_, old)) = images.iter_mut().find(|(name, _)| name == key) {
            return Some(std::mem::replace(old, pin));
        }
        images.push((key.to_owned(), pin));
        None
    }

    /// Takes one pin away, and gives it. An environment without pins is not in the file.
    pub fn remove(&mut self, environment: &str, key: &str) -> Option<Pin> {
        let mut places = self.environments.iter();
        let at = places.position(|(name, _)| name == environment)?;
        let images = &mut self.environments[at].1;
        let image = images.iter().position(|(name, _)| name == key)?;
        let (_, pin) = images.remove(image);
        if images.is_empty() {
            self.environments.remove(at);
        }
        Some(pin)
    }

    /// The pins of one environment, by image key; none if it has none.
    pub fn pins(&self, environment: &str) -> &[(String, Pin)] {
        let mut all = self.environments.iter();
        all.find(|(name, _)| name == environment)
            .map_or(&[], |(_, images)| images)
    }

    /// The pins of one environment alone: what a manifest of it depends on.
    #[must_use]
    pub fn only(&self, environment: &str) -> Self {
        let mut environments = self.environments.clone();
        environments.retain(|(name, _)| name == environment);
        Self { environments }
    }

    /// Refuses pins of an environment that is not one of `known`.
    ///
    /// # Errors
    /// [`LockError::UnknownEnvironment`].
    pub fn check_environments<S: AsRef<str>>(&self, known: &[S]) -> Result<(), LockError> {
        let is_known = |name: &str| known.iter().any(|known| known.as_ref() == name);
        match self.environments.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((got, _)) => Err(LockError::UnknownEnvironment {
                got: got.clone(),
                want: one_of(got, known),
            }),
        }
    }

    /// Refuses a pin of an image that is not one of `known`: nothing would use it.
    ///
    /// # Errors
    /// [`LockError::UnknownImage`].
    pub fn check_images<S: AsRef<str>>(&self, known: &[S]) -> Result<(), LockError> {
        let is_known = |name: &str| known.iter().any(|known| known.as_ref() == name);
        for (environment, images) in &self.environments {
            if let Some((got, _)) = images.iter().find(|(key, _)| !is_known(key)) {
                return Err(LockError::UnknownImage {
                    environment: environment.clone(),
                    got: got.clone(),
                    want: one_of(got, known),
                });
            }
        }
        Ok(())
    }

    /// Refuses a pin of an environment whose image is not in the repository of its key. Keys that
    /// are not among `known` may have any.
    ///
    /// # Errors
    /// [`LockError::ForeignImage`].
    pub fn check_repositories(
        &self,
        environment: &str,
        known: &[(String, Repository)],
    ) -> Result<(), LockError> {
        for (key, pin) in self.pins(environment) {
            let mut all = known.iter();
            let want = all.find(|(name, _)| name == key).map(|(_, want)| want);
            let got = pin.image().repository();
            if let Some(want) = want.filter(|want| *want != got) {
                return Err(LockError::ForeignImage {
                    place: format!("{environment}.{key}.image"),
                    got: got.to_string(),
                    want: want.to_string(),
                });
            }
        }
        Ok(())
    }
}

/// The file's text: two spaces for each level, and a line end.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut file = Map::new();
        for (environment, images) in &self.environments {
            let images = images.iter().map(|(key, pin)| (key.clone(), value(pin)));
            file.insert(environment.clone(), Value::Object(images.collect()));
        }
        writeln!(f, "{:#}", Value::Object(file))
    }
}

fn value(pin: &Pin) -> Value {
    let text = |text: &dyn fmt::Display| Some(Value::String(text.to_string()));
    let fields = [
        ("image", text(pin.image())),
        ("commit", pin.commit.as_ref().and_then(|it| text(it))),
        ("toolchain", pin.toolchain.as_ref().and_then(|it| text(it))),
        ("time", pin.time.as_ref().and_then(|it| text(it))),
        ("who", pin.who.as_ref().and_then(|it| text(it))),
    ];
    let fields = fields.into_iter();
    let there = fields.filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(there.collect())
}

/// The value of a key, which is added at the end where it is not there.
fn entry<'a, T>(
    entries: &'a mut Vec<(String, T)>,
    key: &str,
    empty: impl FnOnce() -> T,
) -> &'a mut T {
    let place = entries.iter().position(|(name, _)| name == key);
    let place = place.unwrap_or_else(|| {
        entries.push((key.to_owned(), empty()));
        entries.len() - 1
    });
    &mut entries[place].1
}

fn parse_pin(json: Json, place: &str) -> Result<Pin, LockError> {
    let mut fields = Vec::new();
    for (key, json) in object(json, place, "an object with `image`")? {
        if !PIN_KEYS.contains(&key.as_str()) {
            return Err(LockError::UnknownKey {
                place: place.to_owned(),
                want: one_of(&key, &PIN_KEYS),
                got: key,
            });
        }
        let text = text(json, &format!("{place}.{key}"))?;
        fields.push((key, text));
    }
    let field = |name: &str| {
        let found = fields.iter().find(|(key, _)| key == name);
        found.map(|(_, text)| text.as_str())
    };
    let no_image = || LockError::NoImage {
        place: place.to_owned(),
    };
    let mut pin = parse_image(field("image").ok_or_else(no_image)?, place)?;
    pin.commit = parsed(field("commit"), place, "commit")?;
    pin.toolchain = parsed(field("toolchain"), place, "toolchain")?;
    pin.time = parsed(field("time"), place, "time")?;
    pin.who = parsed(field("who"), place, "who")?;
    Ok(pin)
}

fn parsed<T: FromStr<Err = ParseError>>(
    text: Option<&str>,
    place: &str,
    key: &str,
) -> Result<Option<T>, LockError> {
    let value = text.map(str::parse).transpose();
    value.map_err(|error: ParseError| LockError::Value {
        place: format!("{place}.{key}"),
        got: format!("`{}`", error.got),
        want: error.want,
    })
}

fn parse_image(text: &str, place: &str) -> Result<Pin, LockError> {
    let place = format!("{place}.image");
    match text.parse::<ImageReference>() {
        Ok(image) => Pin::try_new(image).ok_or_else(|| LockError::NoDigest {
            place,
            got: text.to_owned(),
        }),
        // Its `got` is without the credentials that a pasted address may hold.
        Err(error) => Err(LockError::Value {
            place,
            got: format!("`{}`", error.got),
            want: error.want,
        }),
    }
}

/// The entries of an object, none of them twice. `place` is empty for the whole file.
fn object(json: Json, place: &str, want: &'static str) -> Result<Vec<(String, Json)>, LockError> {
    let (whole, inside) = if place.is_empty() {
        ("the file", String::new())
    } else {
        (place, format!("{place}."))
    };
    let wrong = |got| LockError::Value {
        place: whole.to_owned(),
        got,
        want,
    };
    let Json::Object(entries) = json else {
        return Err(wrong(json.in_words()));
    };
    for (index, (key, _)) in entries.iter().enumerate() {
        if key.is_empty() {
            return Err(wrong("an empty key".to_owned()));
        }
        if entries[..index].iter().any(|(other, _)| other == key) {
            return Err(LockError::Twice {
                place: format!("{inside}{key}"),
            });
        }
    }
    Ok(entries)
}

fn text(json: Json, place: &str) -> Result<String, LockError> {
    match json {
        Json::Text(text) => Ok(text),
        other => Err(LockError::Value {
            place: place.to_owned(),
            got: other.in_words(),
            want: "a string",
        }),
    }
}

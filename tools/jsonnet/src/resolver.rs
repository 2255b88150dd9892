//! How the evaluator finds and reads what is imported.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash as _, Hasher};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_evaluator::{AsPathLike, ImportResolver, Result, SourcePath};
use jrsonnet_gcmodule::Acyclic;
use jrsonnet_ir::SourcePathT;

use crate::Sources;
use crate::sharing::{Are, Numbers, Sharing};
use crate::sources::{place_of, refused};

/// Finds imports among the files of one request after another. The evaluator keeps the value of a
/// path that it has been given: with [`Resolver::sharing`] paths have a number in them that
/// changes when the value does.
#[derive(Clone, Default, Acyclic)]
pub struct Resolver(Rc<RefCell<Inner>>);

#[derive(Default, Acyclic)]
struct Inner {
    sources: Sources,
    numbers: Numbers,
    sharing: Option<Sharing>,
    /// A value is of other bytes than its number stands for.
    mixed: bool,
}

impl Resolver {
    /// For an evaluator of many requests.
    pub fn sharing() -> Self {
        Self(Rc::new(RefCell::new(Inner {
            sharing: Some(Sharing::default()),
            ..Inner::default()
        })))
    }

    /// From now on, these are the files.
    pub fn look_at(&self, sources: &Sources, digests: HashMap<String, String>) {
        let mut inner = self.0.borrow_mut();
        inner.sources = sources.clone();
        inner.numbers = Numbers::new(digests);
        inner.mixed = false;
    }

    /// Whether a file changed while it was looked at: values that the evaluator has kept may be of
    /// other bytes than their numbers stand for, and it is not to be used again.
    pub fn is_mixed(&self) -> bool {
        self.0.borrow().mixed
    }

    /// The evaluator's name for a place.
    pub fn path_of(&self, place: &str) -> SourcePath {
        let inner = &mut *self.0.borrow_mut();
        let number = match &mut inner.sharing {
            Some(sharing) => inner.numbers.of(place, &inner.sources, sharing),
            None => 0,
        };
        SourcePath::new(Numbered {
            place: place.into(),
            number,
        })
    }
}

impl ImportResolver for Resolver {
    fn resolve_from(&self, from: &SourcePath, path: &dyn AsPathLike) -> Result<SourcePath> {
        let what = path.as_path().to_owned().to_string();
        let place = {
            let inner = self.0.borrow();
            let place = inner.sources.find(&place_of(from), &what);
            place.map(str::to_owned)
        };
        match place {
            Some(place) => Ok(self.path_of(&place)),
            None => {
                Err(ErrorKind::ImportFileNotFound(from.clone(), path.as_path().to_owned()).into())
            }
        }
    }

    fn resolve_from_default(&self, path: &dyn AsPathLike) -> Result<SourcePath> {
        let place = path.as_path().to_owned().to_string();
        let declared = self.0.borrow().sources.declared(&place).map(drop);
        declared.map_err(|cause| refused(&cause))?;
        Ok(self.path_of(&place))
    }

    fn load_file_contents(&self, resolved: &SourcePath) -> Result<Vec<u8>> {
        let inner = &mut *self.0.borrow_mut();
        let read = inner.numbers.read(&place_of(resolved), &inner.sources);
        let (bytes, are) = read.map_err(|cause| refused(&cause))?;
        inner.mixed |= are == Are::Others;
        Ok(bytes)
    }
}

/// A place, and the number of its value.
#[derive(PartialEq, Eq, Hash, Acyclic)]
struct Numbered {
    place: PathBuf,
    number: u64,
}

impl fmt::Display for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.display().fmt(f)
    }
}

/// Some messages of the evaluator show it so.
impl fmt::Debug for Numbered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl SourcePathT for Numbered {
    fn is_default(&self) -> bool {
        false
    }

    fn path(&self) -> Option<&Path> {
        Some(&self.place)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn dyn_hash(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }

    fn dyn_eq(&self, other: &dyn SourcePathT) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn dyn_debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

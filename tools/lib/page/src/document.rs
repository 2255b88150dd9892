//! What all pages have in common: a document that loads nothing.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

/// What a document is made of.
pub(crate) struct Document<'a> {
    pub title: &'a str,
    /// Our own styles beside those of all pages.
    pub styles: &'a [&'a str],
    /// Our own scripts.
    pub scripts: &'a [&'a str],
    pub body: Markup,
}

impl Document<'_> {
    /// The whole document.
    pub fn text(self) -> String {
        let shared = [include_str!("colours.css"), include_str!("page.css")];
        let style = [&shared, self.styles].concat().concat();
        let script = self.scripts.concat();
        // A page that is opened from a disk has no header to say this in.
        let policy = format!(
            "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; \
             form-action 'none'",
            source(&style),
            source(&script)
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    // Else a browser asks the server for one.
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(style)) }
                }
                body {
                    (self.body)
                    script { (PreEscaped(script)) }
                }
            }
        };
        page.into_string() + "\n"
    }
}

/// What the policy calls a text: CSP 3, 2.3.1.
fn source(text: &str) -> String {
    let digest = BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!("'sha256-{digest}'")
}

/// Data for a script. No text in it ends the element (HTML, 4.12.1.3).
pub(crate) fn data(value: &serde_json::Value) -> Markup {
    let json = value.to_string().replace('<', "\\u003c");
    html! { script #data type="application/json" { (PreEscaped(json)) } }
}

/// A box to filter by.
pub(crate) fn filter(count: &str) -> Markup {
    html! {
        label {
            "Filter"
            input #filter type="search" autocomplete="off" spellcheck="false";
        }
        span #count role="status" { (count) }
    }
}

//! Pages about a stack, for people to look at: the stack as a graph, and a table of what is deployed.
//!
//! | module | what |
//! |---|---|
//! | [`stack`] | what a page shows |
//! | [`depends`], [`links`] | who depends on whom, and where it answers, as manifests say it |
//! | [`layout`] | where the boxes of a graph stand |
//! | [`svg`] | the graph as a picture |
//! | [`graph`] | the page with the picture |
//! | [`table`] | the page with the table |
//! | [`document`] | what all pages have in common |
//!
//! **Architecture invariants:** everything here is pure: the same stack gives the same bytes. All text is
//! escaped by maud; only our own styles and scripts are not. A page needs no network: its
//! Content-Security-Policy lets nothing be loaded, and names style and script by their digests.

pub mod depends;
mod document;
pub mod graph;
pub mod layout;
pub mod links;
pub mod stack;
mod svg;
pub mod table;

//! Shows a wait while it lasts: a tree that is drawn over on a terminal, lines in a log; and notes
//! it in the journal.

use crate::desired::Desired;
use crate::groups::Groups;
use crate::journal::Journal;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::screen::{self, GroupLine};
use crate::tree::{Style, Tree};
use crate::verbs::Context;
use crate::wait::Status;

/// Follows one wait.
pub struct Follow<'a> {
    desired: &'a Desired,
    journal: &'a Journal,
    progress: &'a Progress,
    style: Style,
    groups: Groups,
    tree: Tree,
    worth_telling: bool,
}

impl<'a> Follow<'a> {
    /// Begins, after a plan was carried out.
    pub fn new(context: &Context<'a>, desired: &'a Desired, plan: &Plan) -> Self {
        Self {
            desired,
            journal: context.journal,
            progress: context.progress,
            style: context.environment.style,
            groups: Groups::new(desired, context.journal.seconds()),
            tree: Tree::new(&desired.groups),
            // A run that changes nothing and finds all ready has nothing to say about groups.
            worth_telling: !plan.is_empty(),
        }
    }

    /// Shows how ready the objects are.
    pub fn show(&mut self, statuses: &[Status]) {
        self.worth_telling |= !statuses.iter().all(Status::is_current);
        let now = self.journal.seconds();
        let look = self.groups.look(self.desired, statuses, now);
        self.journal.look(statuses, self.groups.ready_after());
        if !self.worth_telling {
            return;
        }
        if let Some(window) = self.progress.window() {
            let drawing = self.tree.draw(self.groups.lines(), self.style, window);
            self.progress.draw(drawing);
            return;
        }
        let width = screen::name_width(self.desired);
        let line = |line: &GroupLine| screen::group_line(line, width);
        let lines = |lines: &[GroupLine]| lines.iter().map(line).collect::<Vec<_>>();
        let (ready, open) = (lines(&look.ready), lines(&look.open));
        self.progress.log(&ready, &open, now);
    }
}

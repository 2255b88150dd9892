//! Where the repository is.

/// Whether a URL says a password, which would come into command lines and messages.
pub fn has_password(remote: &str) -> bool {
    let authority = remote.split_once("://").map(|(_, rest)| rest);
    let authority = authority.and_then(|rest| rest.split('/').next());
    let user = authority.and_then(|authority| authority.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_remotes() {
        assert!(has_password("https://ci:secret@git.example/shop"));
        for remote in [
            "https://git.example/shop",
            "https://git.example:8443/a@b:c",
            "ssh://git@git.example:22/shop",
            "git@git.example:shop",
            "/srv/git/shop.git",
        ] {
            assert!(!has_password(remote), "{remote}");
        }
    }
}

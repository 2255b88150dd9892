//! Every error of the tool: how it comes about, and what is said. Of turns, some have their cases
//! where turns are tested.

use std::ffi::OsStr;

use strum::VariantNames as _;
use windlass_error_cases::{Case, Folder, check, complete};
use windlass_report::{Exit, Explain as _, render};

use super::scene::Scene;
use crate::apply::task::Task;
use crate::apply::{self, run_until};
use crate::environment::Environment;
use crate::{Error, request};

#[test]
fn what_it_does_not_start_with() {
    check(START, Error::VARIANTS, |error| error.into());
}

const START: &[Case<Error>] = &[
    Case {
        variant: "Launcher",
        exit: Exit::Failure,
        text: "error: cannot find the files of this program\n\
               cause: cannot find this program: got argv[0] nothing, want its path, or its name in \
               PATH\n",
        provoke: |_| request(None, &Environment::default()).map(drop),
    },
    Case {
        variant: "Request",
        exit: Exit::Input,
        text: "error: cannot use request `DIR/agent.json`\n\
               cause: No such file or directory (os error 2)\n",
        provoke: beside_nothing,
    },
];

fn beside_nothing(folder: &Folder) -> Result<(), Error> {
    let launcher = folder.path("agent");
    request(Some(OsStr::new(&launcher)), &Environment::default()).map(drop)
}

/// A flag or an edit of the constants, the variant, its exit code, and what is said.
type Told = (fn(&mut Scene), &'static str, Exit, &'static str);

const TASKS: [Told; 5] = [
    (
        |scene| scene.request["environments"][0]["name"] = "dev".into(),
        "UnknownEnvironment",
        Exit::Usage,
        "error: --env: got `prod`, want `dev`\n",
    ),
    (
        |scene| scene.remote = Some("https://ci:secret@git.example/shop".to_owned()),
        "Password",
        Exit::Usage,
        "error: --remote: got a URL with a password, want one without; git asks a credential helper \
         for it\n",
    ),
    (
        |scene| scene.request["environments"][0]["targets"] = serde_json::json!([]),
        "NoTarget",
        Exit::Usage,
        "error: environment `prod` has no targets in the constants; want --target\n",
    ),
    (
        |scene| scene.flags.push("--target=//Prod:release".to_owned()),
        "Target",
        Exit::Usage,
        "error: target `//Prod:release` has no repository for its releases\n\
         cause: repository: got `127.0.0.1:",
    ),
    (
        |scene| scene.state = None,
        "NoFolder",
        Exit::Usage,
        "error: --state: got nothing, and neither STATE_DIRECTORY nor HOME is set\n",
    ),
];

#[tokio::test]
async fn what_an_agent_is_told_and_what_it_meets() {
    let mut seen = Vec::new();
    for (edit, variant, exit, want) in TASKS {
        let mut scene = Scene::new().await;
        edit(&mut scene);
        let task = Task::new(&scene.arguments(), &scene.constants(), &scene.environment());
        let error = task.expect_err(want);
        assert_eq!(<&str>::from(&error), variant);
        let text = render(&error);
        assert!(text.starts_with(want), "want `{want}` in:\n{text}");
        assert_eq!(format!("{:?}", error.exit()), format!("{exit:?}"));
        assert!(!scene.path("state").exists());
        seen.push(variant);
    }
    seen.extend(meets().await);
    // Those of refused commits, of the folder and of the address have their cases there.
    let elsewhere = [
        "Taken",
        "Status",
        "Listen",
        "Write",
        "Git",
        "Rewritten",
        "Pause",
    ];
    seen.extend(elsewhere);
    let elsewhere = [
        "NoCommitters",
        "Unsigned",
        "Unproven",
        "Bundle",
        "Registry",
        "Cluster",
        "Apply",
    ];
    seen.extend(elsewhere);
    complete(seen, apply::Error::VARIANTS);
}

/// What comes of surroundings that an agent cannot work in.
async fn meets() -> Vec<&'static str> {
    let scene = Scene::new().await;
    scene.release("1").await;
    let mut environment = scene.environment();
    let until = async |environment: &Environment, end: bool| {
        let end = async move {
            if !end {
                std::future::pending::<()>().await;
            }
        };
        let (arguments, constants) = (scene.arguments(), scene.constants());
        let failed = run_until(&arguments, &constants, environment, end).await;
        failed.expect_err("it fails")
    };
    environment.path = None;
    let no_git = until(&environment, false).await;
    assert_eq!(render(&no_git), "error: cannot start git: PATH has none\n");
    let interrupted = until(&scene.environment(), true).await;
    assert_eq!(
        render(&interrupted),
        "error: interrupted; nothing was written\n"
    );
    assert!(matches!(interrupted.exit(), Exit::Interrupted));
    std::fs::write(scene.path("config.json"), "{").expect("writes");
    let config = until(&scene.environment(), false).await;
    let text = render(&config);
    assert!(text.contains("config.json"), "{text}");
    assert_eq!(scene.api.writes(), [""; 0]);
    let all = [&no_git, &interrupted, &config];
    all.map(Into::into).to_vec()
}

//! House-keeping: `cargo run -p xtask -- layers | gen`.
//!
//! * `layers` checks the arrows between the crates (house style §1) from cargo's metadata.
//! * `gen` refreshes every generated file: the description of the API and the app's types made from it.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};

use serde_json::Value;

/// What each crate may depend on, of ours; and which outside crates belong to one crate alone.
const ARROWS: &[(&str, &[&str])] = &[
    ("hg-core", &[]),
    ("hg-store", &["hg-core"]),
    ("hg-app", &["hg-core", "hg-store"]),
    ("hg-net", &["hg-core", "hg-app"]),
    ("hg-web", &["hg-core", "hg-app"]),
    ("honeyguide", &["hg-core", "hg-store", "hg-app", "hg-net", "hg-web"]),
    ("xtask", &[]),
];
const OWNED: &[(&str, &[&str])] = &[
    ("rusqlite", &["hg-store"]),
    ("tokio-postgres", &["hg-store"]),
    ("deadpool-postgres", &["hg-store"]),
    ("axum", &["hg-web", "honeyguide", "hg-testkit"]),
    ("tokio-rustls", &["hg-net", "hg-testkit"]),
];

fn main() -> ExitCode {
    let task = std::env::args().nth(1).unwrap_or_default();
    let outcome = match task.as_str() {
        "layers" => layers(),
        "gen" => generate(),
        _ => Err("use: cargo run -p xtask -- layers | gen".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn layers() -> Result<(), String> {
    let output = run("cargo", &["metadata", "--format-version", "1", "--no-deps", "--locked"], None)?;
    let metadata: Value = serde_json::from_slice(&output).map_err(|e| e.to_string())?;
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            // Tests may use the testkit and what belongs to it.
            if dependency["kind"] == "dev" {
                continue;
            }
            let on = dependency["name"].as_str().unwrap_or_default();
            let ours = on.starts_with("hg-") || on == "honeyguide";
            if ours && name != "hg-testkit" && !allowed.get(name).is_some_and(|a| a.contains(&on)) {
                wrong.push(format!("{name} must not depend on {on}"));
            }
            if let Some((_, owners)) = OWNED.iter().find(|(what, _)| *what == on)
                && !owners.contains(&name)
            {
                wrong.push(format!("only {} may name {on}, not {name}", owners.join(" and ")));
            }
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn generate() -> Result<(), String> {
    let openapi = run("cargo", &["run", "--quiet", "--profile", "ci", "-p", "honeyguide", "--", "openapi"], None)?;
    std::fs::write("ui/openapi.json", openapi).map_err(|e| e.to_string())?;
    run("npm", &["run", "gen"], Some("ui"))?;
    Ok(())
}

fn run(program: &str, arguments: &[&str], dir: Option<&str>) -> Result<Vec<u8>, String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(dir.unwrap_or("."))
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|e| format!("{program}: {e}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(format!("{program} {} failed", arguments.join(" "))) }
}

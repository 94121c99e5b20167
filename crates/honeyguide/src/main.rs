//! The binary: reads the configuration, opens the workspace, and runs a command on it.

mod chance;
mod clock;
mod commands;
mod config;
mod demo;
mod open;
mod ways_out;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    let config = match config::load(&cli.options) {
        Ok(config) => config,
        Err(error) => return fail(&error),
    };
    start_log(&config.log);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    match runtime.block_on(commands::run(cli.command, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("honeyguide: {message}");
    ExitCode::FAILURE
}

fn start_log(log: &config::Log) {
    let filter =
        tracing_subscriber::EnvFilter::try_new(&log.level).unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if log.format == "json" { builder.json().init() } else { builder.with_target(false).init() }
}

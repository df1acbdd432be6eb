//! What steps need before they can be run. Each thing is got once, when the first step needs it; a
//! failure is kept, so that every step that needs it fails, and the others do not.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::{Result, anyhow};

use super::built::Built;
use super::steps::Step;
use crate::client::{self, Pages, Wasm};
use crate::extension;
use crate::paths::Paths;
use crate::process;
use crate::progress::Progress;
use crate::setup::nginx;
use crate::setup::node::{self, Node};
use crate::setup::programs::{self, Browser};
use crate::setup::{self, Tools, wasm_target};

/// Something that has to be there for a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// rustfmt and clippy.
    Components,
    /// The wasm target, trunk, wasm-bindgen, wasm-opt.
    Tools,
    /// `dist/`, as `cargo xtask build` makes it.
    Pages,
    /// A debug build of the server, and all native tests.
    Built,
    /// Chromium and its driver.
    Browser,
    /// What the examples are written in.
    Languages,
    /// What gives a server a wrong clock.
    Faults,
    /// Node, with the packages of `tests/node`.
    Node,
    /// nginx.
    Nginx,
    /// The browser extension, in a folder.
    Extension,
}

impl Need {
    const ALL: [Self; 10] = [
        Self::Components,
        Self::Tools,
        Self::Pages,
        Self::Built,
        Self::Browser,
        Self::Languages,
        Self::Faults,
        Self::Node,
        Self::Nginx,
        Self::Extension,
    ];

    /// How many steps of progress getting it takes.
    fn steps(self) -> usize {
        match self {
            Self::Tools => setup::STEPS,
            Self::Pages => client::STEPS,
            Self::Extension => extension::STEPS,
            Self::Components
            | Self::Built
            | Self::Browser
            | Self::Languages
            | Self::Faults
            | Self::Node
            | Self::Nginx => 1,
        }
    }
}

/// A thing that was got, or why it could not be.
type Got<T> = OnceCell<Result<T, String>>;

pub(super) struct Needs<'a> {
    paths: &'a Paths,
    looked: &'a Pages<'a>,
    progress: Progress,
    components: Got<()>,
    tools: Got<Tools>,
    pages: Got<()>,
    built: Got<Built>,
    browser: Got<Browser>,
    languages: Got<()>,
    faults: Got<()>,
    node: Got<Node>,
    nginx: Got<PathBuf>,
    extension: Got<PathBuf>,
}

impl<'a> Needs<'a> {
    pub(super) fn new(paths: &'a Paths, pages: &'a Pages<'a>, steps: &[&Step]) -> Self {
        let is_needed = |need: &Need| {
            steps.iter().any(|step| {
                // Pages and the extension are made by the tools.
                let tools = [Need::Pages, Need::Extension];
                step.needs.contains(need)
                    || (*need == Need::Tools && tools.iter().any(|it| step.needs.contains(it)))
            })
        };
        let preparations: usize = Need::ALL.into_iter().filter(is_needed).map(Need::steps).sum();
        Self {
            paths,
            looked: pages,
            progress: Progress::new(steps.len() + preparations),
            components: Got::new(),
            tools: Got::new(),
            pages: Got::new(),
            built: Got::new(),
            browser: Got::new(),
            languages: Got::new(),
            faults: Got::new(),
            node: Got::new(),
            nginx: Got::new(),
            extension: Got::new(),
        }
    }

    pub(super) fn paths(&self) -> &Paths {
        self.paths
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Gets what is needed, unless that was tried before.
    pub(super) fn get(&self, need: Need) -> Result<()> {
        match need {
            Need::Components => get(&self.components, || self.install_components()).map(drop),
            Need::Tools => self.tools().map(drop),
            Need::Pages => get(&self.pages, || self.build_pages()).map(drop),
            Need::Built => self.built().map(drop),
            Need::Browser => self.browser().map(drop),
            Need::Languages => get(&self.languages, || self.install_languages()).map(drop),
            Need::Faults => get(&self.faults, || self.install_faults()).map(drop),
            Need::Node => self.node().map(drop),
            Need::Nginx => self.nginx().map(drop),
            Need::Extension => self.extension().map(drop),
        }
    }

    pub(super) fn tools(&self) -> Result<&Tools> {
        get(&self.tools, || {
            let tools = Tools::install(self.paths, &self.progress, || Ok(()));
            // A failed set-up ended all that was running; the steps that need no tools go on.
            process::begin_again();
            tools
        })
    }

    pub(super) fn built(&self) -> Result<&Built> {
        get(&self.built, || Built::make(self.paths, &self.progress))
    }

    pub(super) fn browser(&self) -> Result<Browser> {
        let browser = get(&self.browser, || {
            let step = self.progress.step("Chromium", "");
            let browser = programs::browser(self.paths, &step)?;
            step.done(&browser.chromium.display().to_string());
            Ok(browser)
        });
        browser.cloned()
    }

    pub(super) fn node(&self) -> Result<Node> {
        let node = get(&self.node, || {
            let step = self.progress.step("Node", "");
            let node = node::install(self.paths, &step)?;
            step.done(&node.program.display().to_string());
            Ok(node)
        });
        node.cloned()
    }

    pub(super) fn nginx(&self) -> Result<&PathBuf> {
        get(&self.nginx, || {
            let step = self.progress.step("nginx", "");
            let nginx = nginx::install(self.paths, &step)?;
            step.done(&nginx.display().to_string());
            Ok(nginx)
        })
    }

    /// The folder. What its WebAssembly has in common with the pages is compiled once.
    pub(super) fn extension(&self) -> Result<&PathBuf> {
        get(&self.extension, || {
            extension::make(self.paths, self.tools()?, &self.progress, Wasm::Release)
        })
    }

    fn install_components(&self) -> Result<()> {
        let step = self.progress.step("rustfmt and clippy", "");
        wasm_target::install_components(self.paths, &step)?;
        step.done("ready");
        Ok(())
    }

    fn install_languages(&self) -> Result<()> {
        let step = self.progress.step("Python, PHP, bash, curl", "");
        programs::examples(self.paths, &step)?;
        step.done("ready");
        Ok(())
    }

    fn install_faults(&self) -> Result<()> {
        let step = self.progress.step("faketime", "");
        programs::faults(self.paths, &step)?;
        step.done("ready");
        Ok(())
    }

    fn build_pages(&self) -> Result<()> {
        let tools = self.tools()?;
        self.looked.compile(&self.progress)?;
        self.looked.finish(tools, &self.progress)
    }
}

fn get<T>(cell: &Got<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    let got = cell.get_or_init(|| make().map_err(|error| format!("{error:#}")));
    got.as_ref().map_err(|error| anyhow!("{error}"))
}

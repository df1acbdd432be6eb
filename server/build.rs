//! Builds again when the pages were built anew, so that the binary has the newest inside.

fn main() {
    println!("cargo::rerun-if-changed=../dist");
}

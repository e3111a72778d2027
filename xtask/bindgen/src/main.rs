//! Writes what a web page needs to start a module: `rullama-bindgen MODULE NAME FOLDER`.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [module, name, folder] = arguments.as_slice() else {
        eprintln!("error: give a module, a name for its bindings and a folder to write them to");
        return ExitCode::FAILURE;
    };
    let mut bindings = Bindgen::new();
    bindings.input_path(module).out_name(name).typescript(true).omit_default_module_path(false);
    match bindings.web(true).and_then(|bindings| bindings.generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

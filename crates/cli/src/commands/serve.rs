//! `rullama serve`: the web app and the models of the Ollama store on a local address.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;

use crate::failure::Failure;
use crate::interrupt;
use crate::serve::{App, Hosts, Limits, Site, accept, parse_origin};
use crate::store;
use crate::terminal::{note, print_line, shown, visible};
use crate::whole_number::within;

/// Serve the web app, and the models of the Ollama store for it to download
#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// The address to listen on, or a name of this machine's; others than this machine reach it only if it is not a
    /// loopback address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = host)]
    host: String,
    /// The port; 0 takes a free one
    #[arg(long, default_value_t = 8088, value_parser = within::<u16>(0..=65535))]
    port: u16,
    /// The folder of the built web app, instead of the one that is part of the program
    #[arg(long, value_name = "FOLDER")]
    app: Option<PathBuf>,
    /// Another origin whose pages may list and download the models, such as https://example.org; may be given
    /// several times
    #[arg(long, value_name = "ORIGIN", value_parser = parse_origin)]
    allow_origin: Vec<String>,
}

impl Serve {
    pub(super) fn run(&self) -> Result<(), Failure> {
        interrupt::ends_the_process();
        let app = match &self.app {
            Some(folder) => Some(App::folder(folder)?),
            None => App::built_in(),
        };
        // One thread moves bytes; files are read on others.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.listen(app))
    }

    async fn listen(&self, app: Option<App>) -> Result<(), Failure> {
        let wanted = (self.host.as_str(), self.port);
        let listener = TcpListener::bind(wanted).await.map_err(|error| self.cannot_listen(&error))?;
        let address = listener.local_addr()?;
        let stores = store::folders();
        let models = store::complete(&stores).len();
        for failure in store::incomplete(&stores) {
            note(&format!("left out: {}\n", visible(&failure.to_string())));
        }
        if models == 0 {
            let searched: Vec<String> = stores.iter().map(|store| shown(store)).collect();
            let searched = searched.join(", ");
            note(&format!(
                "no models: searched {searched}; OLLAMA_MODELS names the folder of another store\n"
            ));
        }
        if app.is_none() {
            note(crate::serve::NO_APP);
        }
        let hosts = match address.ip().is_loopback() {
            true => Hosts::Loopback { named: self.host.clone() },
            false => Hosts::Any,
        };
        if hosts == Hosts::Any {
            note(
                "whoever reaches this address can use the app and download the models; away from this machine browsers \
                 offer WebGPU over https only\n",
            );
        }
        let models = if models == 1 { "1 model".to_owned() } else { format!("{models} models") };
        print_line(&format!("{} with {models} of the Ollama store; Ctrl-C stops", opened(address)))?;
        let site = Site { app: app.map(Arc::new), stores, hosts, origins: self.allow_origin.clone() };
        match accept(listener, site, Limits::default()).await {}
    }

    fn cannot_listen(&self, error: &std::io::Error) -> Failure {
        let address = match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        };
        let problem = match error.kind() {
            ErrorKind::AddrInUse => {
                "the port is in use; stop the program that holds it, or choose another with `--port N`"
                    .to_owned()
            }
            _ => error.to_string(),
        };
        Failure::Input { name: format!("cannot listen on {address}"), problem }
    }
}

/// The address to open. One that stands for all of the machine's is best opened as the machine itself.
fn opened(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

/// An address, or what can be a name. Which name leads where is the system's to say.
fn host(text: &str) -> Result<String, String> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if text.parse::<IpAddr>().is_ok() || !text.is_empty() && text.bytes().all(named) {
        return Ok(text.to_owned());
    }
    Err("it is an address such as 127.0.0.1 or ::1, or a name such as localhost, without scheme and port"
        .to_owned())
}

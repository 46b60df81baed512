//! The smallest Jupyter kernel: it prints each cell and answers with it.
//!
//! Shows what `candlewick-jupyter` asks of an application: one trait, two calls. Jupyter starts it by a `kernel.json`
//! with `"argv": ["…/echo_kernel", "{connection_file}"]` and `"interrupt_mode": "message"`.

use candlewick_jupyter::{
    ConnectionFile, ExecuteReply, ExecuteRequest, Failure, JupyterError, Kernel, KernelInfo, LanguageInfo, MimeBundle,
    Outputs, Server, StreamName,
};
use std::path::Path;
use std::sync::Arc;

struct Echo;

impl Kernel for Echo {
    async fn kernel_info(&self) -> KernelInfo {
        let language_info = LanguageInfo {
            name: "echo".into(),
            version: "1".into(),
            mimetype: "text/plain".into(),
            file_extension: ".txt".into(),
            ..LanguageInfo::default()
        };
        KernelInfo { implementation: "echo".into(), language_info, banner: "Echo".into(), ..KernelInfo::default() }
    }

    async fn execute(&self, request: ExecuteRequest, outputs: Outputs) -> ExecuteReply {
        if let Some(text) = request.code.strip_prefix("fail ") {
            return ExecuteReply::Error(Failure::new("Echo", text));
        }
        outputs.stream(StreamName::Stdout, request.code.clone()).await;
        outputs.execute_result(MimeBundle::text(request.code)).await;
        ExecuteReply::ok()
    }

    async fn interrupt(&self) {}

    async fn shutdown(&self, _restart: bool) {}
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), JupyterError> {
    let file = std::env::args().nth(1).unwrap_or_default();
    let server = Server::start(&ConnectionFile::read(Path::new(&file))?).await?;
    server.serve(Arc::new(Echo)).await;
    Ok(())
}

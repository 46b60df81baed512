//! What a running cell shows: the application's side of IOPub.
//!
//! Owns the typed outputs and their content. Must not know sockets or merging. Read [`Outputs`] first.

use crate::iopub::IoPub;
use crate::message::Draft;
use crate::stdin::Client;
use crate::{Failure, InputError, MimeBundle};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// Where the outputs of one request go. Cheap to copy; a copy that outlives its request still publishes under it.
/// Every method waits while clients are slower than the outputs; after the kernel's shutdown outputs go nowhere.
#[derive(Clone)]
pub struct Outputs {
    iopub: IoPub,
    parent: Bytes,
    execution_count: u64,
    silent: bool,
    /// Who can be asked for input; none where the request does not allow it.
    client: Option<Client>,
}

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Outputs {
    pub(crate) fn new(iopub: &IoPub, parent: &Bytes, execution_count: u64, silent: bool) -> Self {
        Self { iopub: iopub.clone(), parent: parent.clone(), execution_count, silent, client: None }
    }

    /// These outputs, with a client that can be asked for input.
    pub(crate) fn with_client(mut self, client: Client) -> Self {
        self.client = Some(client);
        self
    }

    /// Printed text. Pieces that follow each other become one message; none is lost.
    pub async fn stream(&self, name: StreamName, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.iopub.stream(&self.parent, name, text).await;
        }
    }

    /// Something to show. What has a `display_id` can be replaced later.
    pub async fn display(&self, bundle: MimeBundle, display_id: Option<&str>) {
        let content = displayed(bundle, display_id);
        self.iopub.publish(Draft::new("display_data", &self.parent, content)).await;
    }

    /// Replaces what was shown under a display id, wherever it is shown. Of updates that follow each other within
    /// 30 ms the last one is sent.
    pub async fn update_display(&self, bundle: MimeBundle, display_id: &str) {
        let content = displayed(bundle, Some(display_id));
        let draft = Draft::new("update_display_data", &self.parent, content);
        self.iopub.update(display_id.to_owned(), draft).await;
    }

    /// The value of the cell's last expression; nothing for a silent request.
    pub async fn execute_result(&self, bundle: MimeBundle) {
        if !self.silent {
            let mut content = displayed(bundle, None);
            content["execution_count"] = self.execution_count.into();
            self.iopub.publish(Draft::new("execute_result", &self.parent, content)).await;
        }
    }

    /// An error that is not the cell's end. The one that a cell ends with is its reply, published by
    /// [`Server::serve`](crate::Server::serve).
    pub async fn error(&self, failure: &Failure) {
        self.iopub.publish(Draft::new("error", &self.parent, failure.content())).await;
    }

    /// Takes the cell's outputs away, at once or when the next one comes.
    pub async fn clear_output(&self, wait: bool) {
        self.iopub.publish(Draft::new("clear_output", &self.parent, json!({"wait": wait}))).await;
    }

    /// Asks the user of the client that sent the request, after everything published so far has gone out; a password
    /// is not shown while it is typed. Dropping the future withdraws the question: a late answer is ignored.
    ///
    /// # Errors
    /// The request does not allow questions, or its client has left or answers without a text.
    pub async fn input(&self, prompt: &str, password: bool) -> Result<String, InputError> {
        let client = self.client.as_ref().ok_or(InputError::NotAllowed)?;
        self.iopub.go_out().await;
        client.ask(&self.parent, prompt, password).await
    }

    /// Any other message, such as those of comms or a debugger.
    pub async fn publish(&self, msg_type: &str, content: Value, metadata: Map<String, Value>, buffers: Vec<Bytes>) {
        let other_type = Some(msg_type.to_owned());
        let draft = Draft { other_type, parent: self.parent.clone(), metadata, content, buffers, ..Draft::default() };
        self.iopub.publish(draft).await;
    }
}

impl StreamName {
    /// The name in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

fn displayed(bundle: MimeBundle, display_id: Option<&str>) -> Value {
    let transient = display_id.map_or_else(|| json!({}), |id| json!({"display_id": id}));
    json!({"data": bundle.data, "metadata": bundle.metadata, "transient": transient})
}

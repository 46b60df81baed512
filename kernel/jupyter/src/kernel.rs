//! What an application implements to become a Jupyter kernel.
//!
//! Owns the [`Kernel`] trait and nothing else. Must not know sockets, queues or message framing.

use crate::message::Message;
use crate::{
    CompleteReply, CompleteRequest, ExecuteReply, ExecuteRequest, HistoryEntry, HistoryRequest, InspectReply,
    InspectRequest, IsCompleteReply, KernelInfo, Outputs,
};
use serde_json::Value;
use std::future::{Future, ready};

/// A kernel, in Jupyter's words; [`Server::serve`](crate::Server::serve) does everything between it and the sockets.
///
/// Write the methods as plain `async fn`. Requests on the shell channel come one after the other; `interrupt`,
/// `shutdown`, `kernel_info` and `other` may come from the control channel at any time, also while a cell runs.
/// A method that panics answers its request with an error and the next request is served.
pub trait Kernel: Send + Sync + 'static {
    /// What the kernel is.
    fn kernel_info(&self) -> impl Future<Output = KernelInfo> + Send;

    /// Runs a cell. Everything it shows goes to `outputs`, before this returns.
    ///
    /// On an error return [`ExecuteReply::Error`]: it is published and answered by the caller.
    fn execute(&self, request: ExecuteRequest, outputs: Outputs) -> impl Future<Output = ExecuteReply> + Send;

    /// Stops what runs, so that `execute` returns soon. Without a running cell it does nothing.
    fn interrupt(&self) -> impl Future<Output = ()> + Send;

    /// Cleans up; called once, before the reply. `restart` says whether another kernel follows.
    fn shutdown(&self, restart: bool) -> impl Future<Output = ()> + Send;

    /// Candidates at a cursor.
    fn complete(&self, request: CompleteRequest) -> impl Future<Output = CompleteReply> + Send {
        let end = request.cursor_pos;
        ready(CompleteReply { matches: Vec::new(), cursor_start: end, cursor_end: end })
    }

    /// What stands at a cursor; none when nothing is known.
    fn inspect(&self, _request: InspectRequest) -> impl Future<Output = InspectReply> + Send {
        ready(None)
    }

    /// Whether a text is a whole cell.
    fn is_complete(&self, _code: String) -> impl Future<Output = IsCompleteReply> + Send {
        ready(IsCompleteReply::Unknown)
    }

    /// Whether a request on the shell channel that is no cell is answered at once, beside the cell that runs, instead of
    /// in its turn. Called as it arrives; must not block.
    fn is_beside_cells(&self, _message: &Message) -> bool {
        false
    }

    /// Lines of the history, the oldest first.
    fn history(&self, _request: HistoryRequest) -> impl Future<Output = Vec<HistoryEntry>> + Send {
        ready(Vec::new())
    }

    /// The open comms, id and target; only those of `target_name` when it is given.
    fn comm_info(&self, _target_name: Option<String>) -> impl Future<Output = Vec<(String, String)>> + Send {
        ready(Vec::new())
    }

    /// A `comm_open`, `comm_msg` or `comm_close` has arrived on the shell channel. Called at once, also while a cell
    /// runs, and before [`Kernel::comm`] gets the same message in its turn; must not block.
    fn comm_arrived(&self, _message: &Message) {}

    /// The same message in its turn, between busy and idle. Returns false for a target or comm that is not known here:
    /// a `comm_open` is then answered with a `comm_close`, the others with nothing.
    fn comm(&self, _message: Message, _outputs: Outputs) -> impl Future<Output = bool> + Send {
        ready(false)
    }

    /// A message of a type that has no method here. `Some` is the content of the reply, whose type is the request's
    /// with `_reply` for `_request`. For `None` a request is answered with an error that names its type, and anything
    /// else not at all.
    fn other(&self, _request: Message, _outputs: Outputs) -> impl Future<Output = Option<Value>> + Send {
        ready(None)
    }
}

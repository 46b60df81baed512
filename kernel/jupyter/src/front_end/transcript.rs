//! A test in transcript style: something is asked, then every message that it brings is asserted, in order.
//!
//! Owns the comparison, one line of text for each message. Must not know sockets. Read [`Transcript`] first.

use super::{FrontEnd, line, silent, sort};
use crate::{Channel, JupyterError, Message, StreamName};
use serde_json::{Value, json};

/// What one request brings. [`Self::ends`] fails when something was published that was not asserted.
///
/// ```no_run
/// # use candlewick_jupyter::{JupyterError, StreamName, front_end::FrontEnd};
/// # async fn test(front_end: &mut FrontEnd) -> Result<(), JupyterError> {
/// let mut cell = front_end.cell("print(1); 2").await?;
/// cell.shows("input 1").await?;
/// cell.prints(StreamName::Stdout, "1\n").await?;
/// cell.shows("execute_result: 2").await?;
/// assert_eq!(cell.ends().await?.content["status"], "ok");
/// # Ok(())
/// # }
/// ```
#[must_use = "a transcript that is not ended asserts nothing about its end"]
pub struct Transcript<'a> {
    front_end: &'a mut FrontEnd,
    msg_id: String,
    reply: Option<Message>,
    is_busy: bool,
}

impl FrontEnd {
    /// Sends a cell whose messages are asserted one by one; its busy is asserted here.
    ///
    /// # Errors
    /// The kernel is silent, or says something else first.
    pub async fn cell(&mut self, code: &str) -> Result<Transcript<'_>, JupyterError> {
        self.ask(Channel::Shell, "execute_request", json!({"code": code})).await
    }

    /// Sends a request whose messages are asserted one by one; its busy is asserted here.
    ///
    /// # Errors
    /// The kernel is silent, or says something else first.
    pub async fn ask(
        &mut self,
        channel: Channel,
        msg_type: &str,
        content: Value,
    ) -> Result<Transcript<'_>, JupyterError> {
        let msg_id = self.send(channel, msg_type, content).await?;
        let mut transcript = Transcript { front_end: self, msg_id, reply: None, is_busy: false };
        transcript.expect("busy").await?;
        Ok(transcript)
    }
}

impl Transcript<'_> {
    /// The id of the request.
    pub fn msg_id(&self) -> &str {
        &self.msg_id
    }

    /// Asserts the next published message, as [`line`] writes it.
    ///
    /// # Errors
    /// It is another one, or none comes.
    pub async fn shows(&mut self, expected: &str) -> Result<Message, JupyterError> {
        self.expect(expected).await
    }

    /// Asserts that a text is printed next; it may come in several messages.
    ///
    /// # Errors
    /// Something else comes, or nothing.
    pub async fn prints(&mut self, name: StreamName, expected: &str) -> Result<(), JupyterError> {
        let mut rest = expected;
        while !rest.is_empty() {
            let message = self.next().await?;
            let text = message.content["text"].as_str().filter(|_| message.content["name"] == name.as_str());
            let after = text.and_then(|text| rest.strip_prefix(text));
            rest = after.ok_or_else(|| unexpected(&format!("{}: {rest}", name.as_str()), &message))?;
        }
        Ok(())
    }

    /// Asserts that the kernel is idle next, and gives the reply.
    ///
    /// # Errors
    /// Something was published that was not asserted, or idle or reply do not come.
    pub async fn ends(mut self) -> Result<Message, JupyterError> {
        self.expect("idle").await?;
        while self.reply.is_none() {
            let message = self.receive().await?;
            self.front_end.waiting.extend(message.map(|message| (Channel::IoPub, message)));
        }
        self.reply.take().ok_or_else(|| silent(&self.msg_id, self.front_end.limit))
    }

    async fn expect(&mut self, expected: &str) -> Result<Message, JupyterError> {
        let message = self.next().await?;
        if line(&message) == expected { Ok(message) } else { Err(unexpected(expected, &message)) }
    }

    /// The next message published for the request. A busy that is said again, after something else was answered, is passed
    /// over.
    async fn next(&mut self) -> Result<Message, JupyterError> {
        loop {
            let Some(message) = self.received().await? else { continue };
            let again = line(&message) == "busy" && std::mem::replace(&mut self.is_busy, true);
            if !again {
                return Ok(message);
            }
        }
    }

    async fn received(&mut self) -> Result<Option<Message>, JupyterError> {
        let is_ours =
            |(channel, message): &(Channel, Message)| *channel == Channel::IoPub && message.parent_id() == self.msg_id;
        match self.front_end.waiting.iter().position(is_ours) {
            Some(at) => Ok(Some(self.front_end.waiting.remove(at).1)),
            None => self.receive().await,
        }
    }

    /// The next message of any kind: given back when it was published for the request, else put where it belongs.
    async fn receive(&mut self) -> Result<Option<Message>, JupyterError> {
        let (channel, message) = self.front_end.next(&self.msg_id).await?;
        let mut published = Vec::new();
        let other = sort(channel, message, &self.msg_id, &mut self.reply, &mut published);
        self.front_end.waiting.extend(other.map(|message| (channel, message)));
        Ok(published.pop())
    }
}

fn unexpected(expected: &str, found: &Message) -> JupyterError {
    JupyterError::Unexpected { expected: expected.to_owned(), found: line(found) }
}

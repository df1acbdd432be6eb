//! From bytes to messages, however the bytes are cut.

use super::close;
use super::deflate::{self, InflateError};
use super::frame::{Expected, Head, LONGEST_HEAD, Opcode};
use super::mask;
use super::text::PartialText;
use super::{Message, Violation};
use std::ops::ControlFlow;

/// Reads what one client sends. Idle it is two words and holds nothing on the heap.
///
/// What is whole within one piece of input, and in one frame, is handed on from where it lies.
/// Only what is incomplete is copied, so memory follows what came, never what a header claims.
#[derive(Debug)]
pub struct Decoder {
    partial: Option<Box<Partial>>,
    deflate: bool,
    over: bool,
}

/// What [`Decoder::feed`] did.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// How many bytes of the input were read. All of them, unless it was told to stop: then the
    /// rest is as it came and is to be fed again.
    pub consumed: usize,
}

/// What is half received.
#[derive(Debug, Default)]
struct Partial {
    /// A frame's head, as far as it came.
    head: [u8; LONGEST_HEAD],
    held: usize,
    /// A frame whose payload is coming, and how much of it came.
    frame: Option<(Head, u64)>,
    /// The payload of a control frame that is coming.
    control: Vec<u8>,
    /// A message that is coming, in one frame or in several.
    assembly: Option<Assembly>,
    /// Whether a frame of that message is whole, so that a continuation has to follow.
    within: bool,
}

/// A message as far as it came.
#[derive(Debug)]
enum Assembly {
    Text(PartialText),
    Binary(Vec<u8>),
    Compressed(Opcode, Vec<u8>),
}

/// Whom messages are handed to.
type Taker<'a> = &'a mut dyn FnMut(Message<'_>) -> ControlFlow<()>;

impl Decoder {
    /// For a new connection; `deflate` says whether permessage-deflate was agreed on.
    pub const fn new(deflate: bool) -> Self {
        Self { partial: None, deflate, over: false }
    }

    /// Whether nothing is half received.
    pub const fn is_idle(&self) -> bool {
        self.partial.is_none()
    }

    /// Whether the client has sent its close frame, or broken the protocol: what comes after that
    /// is not read any more.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Reads the next bytes and hands on every message that they complete. The mask is taken off in
    /// place. No message may have more than `limit` bytes, nor be inflated to more.
    ///
    /// Where `on` breaks, the rest of the input stays unread.
    ///
    /// # Errors
    /// The first [`Violation`]; messages before it were handed on.
    pub fn feed(
        &mut self,
        input: &mut [u8],
        limit: usize,
        on: &mut dyn FnMut(Message<'_>) -> ControlFlow<()>,
    ) -> Result<Fed, Violation> {
        let length = input.len();
        let mut rest = input;
        while !rest.is_empty() && !self.over {
            match self.step(rest, limit, on) {
                Ok((unread, flow)) => {
                    rest = unread;
                    if flow.is_break() {
                        return Ok(Fed { consumed: length - rest.len() });
                    }
                }
                Err(violation) => {
                    self.partial = None;
                    self.over = true;
                    return Err(violation);
                }
            }
        }
        Ok(Fed { consumed: length })
    }

    /// Reads up to the end of one frame; what is left of the input.
    fn step<'i>(
        &mut self,
        input: &'i mut [u8],
        limit: usize,
        on: Taker<'_>,
    ) -> Result<(&'i mut [u8], ControlFlow<()>), Violation> {
        const GO_ON: ControlFlow<()> = ControlFlow::Continue(());
        let coming = self.partial.as_mut().and_then(|partial| partial.frame.take());
        let (head, received, rest) = match coming {
            Some((head, received)) => (head, received, input),
            None => match self.head(input)? {
                Some((head, used)) => {
                    self.check_size(head, limit)?;
                    (head, 0, &mut input[used..])
                }
                None => return Ok((&mut [], GO_ON)),
            },
        };
        let due = head.length - received;
        // What does not fit into memory does not come at once.
        let now = usize::try_from(due).unwrap_or(usize::MAX).min(rest.len());
        let (payload, rest) = rest.split_at_mut(now);
        mask::apply(payload, head.key, received);
        let whole = payload.len() as u64 == due;
        if !whole {
            let received = received + payload.len() as u64;
            self.partial.get_or_insert_default().frame = Some((head, received));
        }
        let flow = if head.opcode.is_control() {
            self.control(head, payload, whole, on)?
        } else {
            self.data(head, payload, whole, limit, on)?
        };
        if whole {
            self.tidy();
        }
        Ok((rest, flow))
    }

    /// The next frame's head and how many bytes of the input belong to it. What there is of it is
    /// kept if it is not whole.
    fn head(&mut self, input: &[u8]) -> Result<Option<(Head, usize)>, Violation> {
        let within = self.partial.as_ref().is_some_and(|partial| partial.within);
        let expected = Expected { deflate: self.deflate, within };
        if self.partial.as_ref().is_none_or(|partial| partial.held == 0)
            && let Some(found) = Head::read(input, expected)?
        {
            return Ok(Some(found));
        }
        let partial = self.partial.get_or_insert_default();
        for (index, &byte) in input.iter().enumerate() {
            partial.head[partial.held] = byte;
            partial.held += 1;
            if let Some((head, _)) = Head::read(&partial.head[..partial.held], expected)? {
                partial.held = 0;
                return Ok(Some((head, index + 1)));
            }
        }
        Ok(None)
    }

    /// Refuses a message by what its frame's head claims, before any of it is kept.
    fn check_size(&self, head: Head, limit: usize) -> Result<(), Violation> {
        let assembly = self.partial.as_ref().and_then(|partial| partial.assembly.as_ref());
        let (compressed, before) = match assembly {
            _ if head.opcode.is_control() => return Ok(()),
            None => (head.compressed, 0),
            Some(assembly) => (matches!(assembly, Assembly::Compressed(..)), assembly.len()),
        };
        // What cannot be made smaller grows a little by the attempt.
        let limit = if compressed { deflate::longest(limit) } else { limit };
        let length = head.length.saturating_add(before as u64);
        if length > limit as u64 { Err(Violation::TooLarge) } else { Ok(()) }
    }

    fn control(
        &mut self,
        head: Head,
        payload: &[u8],
        whole: bool,
        on: Taker<'_>,
    ) -> Result<ControlFlow<()>, Violation> {
        let mut kept = Vec::new();
        if let Some(partial) = &mut self.partial
            && (!whole || !partial.control.is_empty())
        {
            partial.control.extend_from_slice(payload);
            if !whole {
                return Ok(ControlFlow::Continue(()));
            }
            kept = std::mem::take(&mut partial.control);
        }
        let payload = if kept.is_empty() { payload } else { &kept };
        let message = match head.opcode {
            Opcode::Ping => Message::Ping(payload),
            Opcode::Close => {
                let message = close::read(payload)?;
                // Nothing comes after it, so nothing that is half received matters any more.
                self.partial = None;
                self.over = true;
                message
            }
            _ => Message::Pong(payload),
        };
        Ok(on(message))
    }

    fn data(
        &mut self,
        head: Head,
        payload: &[u8],
        whole: bool,
        limit: usize,
        on: Taker<'_>,
    ) -> Result<ControlFlow<()>, Violation> {
        let begun = self.partial.as_ref().is_some_and(|partial| partial.assembly.is_some());
        if whole && head.last && !begun {
            return hand_on(head.opcode, head.compressed, payload, limit, on);
        }
        let partial = self.partial.get_or_insert_default();
        partial.assembly.get_or_insert_with(|| Assembly::new(head)).push(payload)?;
        if whole && head.last {
            partial.within = false;
            if let Some(assembly) = partial.assembly.take() {
                return assembly.finish(limit, on);
            }
        } else if whole {
            partial.within = true;
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Gives memory back when nothing is half received.
    fn tidy(&mut self) {
        if let Some(partial) = &self.partial
            && partial.assembly.is_none()
        {
            self.partial = None;
        }
    }
}

impl Assembly {
    fn new(head: Head) -> Self {
        match head.opcode {
            _ if head.compressed => Self::Compressed(head.opcode, Vec::new()),
            Opcode::Text => Self::Text(PartialText::default()),
            _ => Self::Binary(Vec::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) | Self::Compressed(_, bytes) => bytes.len(),
        }
    }

    fn push(&mut self, payload: &[u8]) -> Result<(), Violation> {
        match self {
            Self::Text(text) => text.push(payload)?,
            Self::Binary(bytes) | Self::Compressed(_, bytes) => bytes.extend_from_slice(payload),
        }
        Ok(())
    }

    fn finish(self, limit: usize, on: Taker<'_>) -> Result<ControlFlow<()>, Violation> {
        match self {
            Self::Text(text) => Ok(on(Message::Text(&text.finish()?))),
            Self::Binary(bytes) => Ok(on(Message::Binary(&bytes))),
            Self::Compressed(opcode, bytes) => hand_on(opcode, true, &bytes, limit, on),
        }
    }
}

/// Hands on a data message that is whole.
fn hand_on(
    opcode: Opcode,
    compressed: bool,
    payload: &[u8],
    limit: usize,
    on: Taker<'_>,
) -> Result<ControlFlow<()>, Violation> {
    let inflated;
    let payload = if compressed {
        inflated = deflate::inflate(payload, limit).map_err(|error| match error {
            InflateError::Broken => Violation::BadDeflate,
            InflateError::TooLarge => Violation::TooLarge,
        })?;
        &inflated
    } else {
        payload
    };
    Ok(on(match opcode {
        Opcode::Text => Message::Text(str::from_utf8(payload).map_err(|_| Violation::NotUtf8)?),
        _ => Message::Binary(payload),
    }))
}

#[cfg(test)]
mod tests;

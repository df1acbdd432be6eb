//! Large answers, a piece at a time.
//!
//! An answer is copied behind its head before it is sent, since most are small. One that many ask
//! for and do not read would be copied whole for each of them; in pieces, only what is on its way is.

use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// How large a piece is, in bytes, and from which size on there are some.
const PIECE: usize = 64 * 1024;

/// The same answer, in pieces if it is large.
pub(super) fn in_pieces(response: Response) -> Response {
    let large = response.body().size_hint().exact().is_some_and(|size| size > PIECE as u64);
    if large {
        response.map(|whole| Body::new(Pieces { whole, rest: Bytes::new() }))
    } else {
        response
    }
}

/// A body whose data come in pieces that share its bytes.
struct Pieces {
    whole: Body,
    /// Of what came in one, what was not passed on.
    rest: Bytes,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match std::task::ready!(Pin::new(&mut self.whole).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                end => return Poll::Ready(end),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.whole.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let whole = self.whole.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(whole.lower() + rest);
        if let Some(upper) = whole.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_large_answer_comes_in_pieces_and_is_as_long_as_it_was() {
        let long: Bytes = (0..=255).cycle().take(3 * PIECE + 1).collect::<Vec<u8>>().into();
        let mut body = in_pieces(Response::new(Body::from(long.clone()))).into_body();
        let mut pieces = Vec::<Bytes>::new();
        while let Some(frame) = {
            let left = (long.len() - pieces.concat().len()) as u64;
            assert_eq!(body.size_hint().exact(), Some(left));
            body.frame().await
        } {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE, PIECE, PIECE, 1]);
        assert_eq!(pieces.concat(), long);
        // Nothing was copied.
        assert_eq!(pieces[1].as_ptr(), long[PIECE..].as_ptr());
    }

    #[tokio::test]
    async fn a_small_answer_stays_whole() {
        let mut body = in_pieces(Response::new(Body::from(vec![1; PIECE]))).into_body();
        let whole = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(whole.len(), PIECE);
        assert!(body.is_end_stream());
    }
}

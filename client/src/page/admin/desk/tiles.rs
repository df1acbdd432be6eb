//! What the desk does to its display buttons.

use super::{Board, Desk, Undo};
use crate::api::Problem as Failure;
use crate::page::admin::ask;
use crate::page::admin::order;
use crate::page::admin::tile::{Face, Tile};
use leptos::prelude::*;
use leptos::task::spawn_local;
use nowcast_shared::error::Code;
use nowcast_shared::id::ButtonId;

impl Desk {
    /// Fetches the display buttons.
    pub fn load_board(self) {
        spawn_local(async move {
            let board = match ask::buttons(&self.room()).await {
                Ok(tiles) => Board::Here(tiles),
                Err(failure) => {
                    self.missing.set(failure.is(Code::UnknownRoom));
                    Board::Failed(self.explain(&failure))
                }
            };
            self.board.set(board);
        });
    }

    /// Makes a display button, or changes one.
    pub async fn save_tile(self, id: Option<ButtonId>, face: &Face) -> Result<(), Failure> {
        let room = self.room();
        if let Some(id) = id {
            let tile = ask::change_button(&room, &id, face).await?;
            self.with_tiles(|tiles| {
                if let Some(place) = tiles.iter().position(|other| other.id == id) {
                    tiles[place] = tile;
                }
            });
            self.tell(format!("“{}” saved.", face.label), None);
        } else {
            let tile = ask::make_button(&room, face).await?;
            self.with_tiles(|tiles| tiles.push(tile));
            self.tell(format!("“{}” is a button now.", face.label), None);
        }
        Ok(())
    }

    /// Deletes a display button; the notice brings it back.
    pub fn delete_tile(self, tile: Tile) {
        spawn_local(async move {
            let place =
                self.board.with_untracked(|board| board.place_of(&tile.id)).unwrap_or_default();
            match ask::delete_button(&self.room(), &tile.id).await {
                Ok(()) => {
                    self.with_tiles(|tiles| tiles.retain(|other| other.id != tile.id));
                    let text = format!("“{}” deleted.", tile.face.label);
                    self.tell(text, Some(Undo::Remake(tile.face, place)));
                }
                Err(failure) => self.tell(self.explain(&failure), None),
            }
        });
    }

    /// Moves a display button to another place, at once here and then on the server.
    pub fn move_tile(self, from: usize, to: usize) {
        self.with_tiles(|tiles| *tiles = order::moved(tiles, from, to));
        self.save_order();
    }

    /// Tells the server the order that is on the screen; what it answers holds.
    ///
    /// One request at a time: what is moved until it is answered goes with the next, so that no
    /// request overtakes another and no older answer takes a move back.
    pub fn save_order(self) {
        self.unsaved_orders.update_value(|count| *count += 1);
        if self.unsaved_orders.get_value() > 1 {
            return;
        }
        spawn_local(async move {
            loop {
                let asked = self.unsaved_orders.get_value();
                let sent = self.board.with_untracked(|board| board.tiles().to_vec());
                let ids: Vec<ButtonId> = sent.iter().map(|tile| tile.id.clone()).collect();
                let answer = ask::order_buttons(&self.room(), &ids).await;
                if self.unsaved_orders.get_value() > asked {
                    continue;
                }
                self.unsaved_orders.set_value(0);
                // A tile that is being dragged, or was changed, is newer than the answer.
                let is_latest = self.board.with_untracked(|board| board.tiles() == sent);
                match answer {
                    Ok(tiles) if is_latest => self.board.set(Board::Here(tiles)),
                    Ok(_) => {}
                    Err(failure) => {
                        self.tell(self.explain(&failure), None);
                        self.load_board();
                    }
                }
                return;
            }
        });
    }

    /// Moves a display button on the screen alone, while it is still being dragged.
    pub fn show_moved(self, from: usize, to: usize) {
        if from != to {
            self.with_tiles(|tiles| *tiles = order::moved(tiles, from, to));
        }
    }

    /// Where a display button stands, counted from 0. Follows it when it moves.
    pub fn place_of(self, id: &ButtonId) -> Option<usize> {
        self.board.with(|board| board.place_of(id))
    }

    pub(super) fn with_tiles(self, change: impl FnOnce(&mut Vec<Tile>)) {
        self.board.update(|board| {
            if let Board::Here(tiles) = board {
                change(tiles);
            }
        });
    }
}

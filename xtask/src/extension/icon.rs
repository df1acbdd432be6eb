//! The mark of `style/favicon.svg` as PNG, which browsers want for an extension's button: a dot in
//! a ring. Drawn here, so that no program for pictures has to be installed.

use std::io::{self, Write as _};

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};

/// The width and height of the drawing; what follows is in its units.
const SIDE: f64 = 32.0;
const DOT: f64 = 7.0;
/// The ring's middle, and half of its breadth.
const RING: f64 = 13.0;
const HALF: f64 = 1.5;
/// How much of the ring can be seen.
const RING_OPACITY: f64 = 0.4;
const COLOR: [u8; 3] = [0xd9, 0x42, 0x1e];

/// The mark as a PNG of so many pixels in width and height.
pub(super) fn png(size: u32) -> io::Result<Vec<u8>> {
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
    for y in 0..size {
        // Each row begins with its filter: none.
        rows.write_all(&[0])?;
        for x in 0..size {
            let [red, green, blue] = COLOR;
            rows.write_all(&[red, green, blue, opacity(x, y, size)])?;
        }
    }
    let mut header = Vec::new();
    header.extend(size.to_be_bytes());
    header.extend(size.to_be_bytes());
    // Eight bits each of red, green, blue and opacity, in one pass.
    header.extend([8, 6, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(*b"IHDR", header), (*b"IDAT", rows.finish()?), (*b"IEND", Vec::new())] {
        chunk(&mut file, name, &data)?;
    }
    Ok(file)
}

/// How much of the mark covers a pixel.
fn opacity(x: u32, y: u32, size: u32) -> u8 {
    let unit = SIDE / f64::from(size);
    let from_middle = |at: u32| (f64::from(at) + 0.5) * unit - SIDE / 2.0;
    let distance = from_middle(x).hypot(from_middle(y));
    // An edge goes over one pixel.
    let within = |radius: f64| (0.5 + (radius - distance) / unit).clamp(0.0, 1.0);
    let ring = within(RING + HALF) - within(RING - HALF);
    let seen = within(DOT).max(RING_OPACITY * ring);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
    let byte = (seen * 255.0).round() as u8;
    byte
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) -> io::Result<()> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(data);
    file.extend(length.to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend(sum.sum().to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_the_mark_of_the_pages() {
        let mark = include_str!("../../../style/favicon.svg");
        for part in ["0 0 32 32", "r=\"13\"", "stroke-width=\"3\"", ".4", "r=\"7\"", "#d9421e"] {
            assert!(mark.contains(part), "{part} is not in {mark}");
        }
    }

    #[test]
    fn the_dot_is_full_the_ring_is_not_and_the_corners_are_clear() {
        let at = |x, y| opacity(x, y, 128);
        assert_eq!(at(64, 64), 255);
        assert_eq!(at(64, 12), 102);
        assert_eq!((at(0, 0), at(64, 30)), (0, 0));
        let file = png(16).expect("it can be drawn");
        assert!(file.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10"));
        assert!(file.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    }
}

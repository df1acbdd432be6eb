//! Masking (RFC 6455, section 5.3): clients hide what they send from intermediaries that would
//! take it for something else. It is no secret.

/// How many bytes are unmasked at once. The compiler makes vector instructions of it.
const STRIDE: usize = 32;

/// Takes the mask off, or puts it on: both are the same. `at` says how many of the frame's bytes
/// came before `data`.
pub fn apply(data: &mut [u8], mut key: [u8; 4], at: u64) {
    // The remainder is below 4.
    key.rotate_left((at % 4) as usize);
    let mut wide = [0; STRIDE];
    for (index, byte) in wide.iter_mut().enumerate() {
        *byte = key[index % 4];
    }
    let (strides, rest) = data.as_chunks_mut::<STRIDE>();
    for stride in strides {
        for (byte, key) in stride.iter_mut().zip(wide) {
            *byte ^= key;
        }
    }
    for (byte, key) in rest.iter_mut().zip(wide) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_rfc_is_read() {
        let mut data = *b"\x7f\x9f\x4d\x51\x58";
        apply(&mut data, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(&data, b"Hello");
    }

    proptest! {
        #[test]
        fn it_is_the_same_as_byte_by_byte_wherever_it_is_cut(
            data: Vec<u8>, key: [u8; 4], cut: prop::sample::Index,
        ) {
            let plain: Vec<u8> =
                data.iter().enumerate().map(|(index, byte)| byte ^ key[index % 4]).collect();
            let cut = cut.index(data.len() + 1);
            let mut data = data;
            apply(&mut data[..cut], key, 0);
            apply(&mut data[cut..], key, cut as u64);
            prop_assert_eq!(data, plain);
        }
    }
}

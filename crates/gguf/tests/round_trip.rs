//! What the writer writes, the reader reads, whatever the window; and every shorter file is an error.

mod support;

use gguf::{Error, Memory, Metadata, Type, Value, Writer, parse, read_header_in_windows};
use support::{Slow, block_on, every_value, sample_file};

#[test]
fn every_value_type_comes_back() {
    for version in [2, 3] {
        let mut writer = Writer::new().version(version);
        for (key, value) in every_value() {
            writer = writer.set(key, value);
        }
        let header = parse(&writer.file()).unwrap();
        assert_eq!(header.version, version);
        assert_eq!(header.metadata, Metadata::new(every_value()).unwrap());
        let in_file_order: Vec<&str> = header.metadata.iter().map(|(key, _)| key).collect();
        assert_eq!(in_file_order, every_value().iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>());
    }
}

#[test]
fn the_writer_writes_the_same_bytes_as_ever() {
    // The file is a seed of the fuzz target as well. After a deliberate change, write the new bytes to it.
    let expected = include_bytes!("golden/every_value.gguf");
    assert!(sample_file() == expected, "the writer or an encoder changed");
}

#[test]
fn tensor_data_is_where_the_table_says() {
    for alignment in [1, 32, 256] {
        let data = [vec![1u8; 12], vec![2; 34], vec![3; 18]];
        let file = Writer::new()
            .alignment(alignment)
            .tensor("a", Type::F32, &[3], &data[0])
            .tensor("b", Type::Q8_0, &[1, 32], &data[1])
            .tensor("c", Type::Q4_0, &[1, 1, 32], data[2].clone())
            .file();
        let header = parse(&file).unwrap();
        for (tensor, data) in header.tensors.iter().zip(&data) {
            let (start, end) = (tensor.offset as usize, (tensor.offset + tensor.bytes) as usize);
            assert_eq!(&file[start..end], data, "{} at alignment {alignment}", tensor.name);
            assert!(tensor.offset.is_multiple_of(alignment.into()));
        }
        assert_eq!(header.tensors[2].shape, [1, 1, 32]);
    }
}

#[test]
fn streaming_writes_the_same_file() {
    let data = [vec![1u8; 12], vec![2; 34]];
    let whole =
        Writer::new().tensor("a", Type::F32, &[3], &data[0]).tensor("b", Type::Q8_0, &[32], &data[1]).file();
    let declared = Writer::new().declare("a", Type::F32, &[3]).declare("b", Type::Q8_0, &[32]);
    let mut streamed = declared.header();
    for data in &data {
        streamed.extend(data);
        streamed.resize(streamed.len() + declared.padding(data.len() as u64), 0);
    }
    assert_eq!(streamed, whole);
}

#[test]
fn the_window_does_not_change_the_result() {
    let file = sample_file();
    let expected = parse(&file).unwrap();
    for window_bytes in (1..80).chain([97, 255, 1023, 4096, 1 << 20]) {
        let source = Slow::new(file.clone());
        let header = block_on(read_header_in_windows(&source, window_bytes)).unwrap();
        assert_eq!(header, expected, "window of {window_bytes} bytes");
        assert!(source.bytes_read.get() <= file.len() as u64, "bytes were read twice");
        // The longest single item is a string of 9 bytes or a number of 8.
        let longest = source.longest_read.get();
        assert!(longest <= window_bytes.max(24), "{longest} bytes in a window of {window_bytes}");
    }
}

#[test]
fn the_window_grows_for_a_long_string_and_shrinks_after() {
    let long = "x".repeat(100_000);
    let writer = Writer::new().set("long", long.as_str());
    let file = (0..500).fold(writer, |writer, i| writer.set(format!("key.{i}"), i)).file();
    let source = Slow::new(file);
    let header = block_on(read_header_in_windows(&source, 64)).unwrap();
    assert_eq!(header.metadata.str("long"), Ok(Some(long.as_str())));
    assert_eq!(header.metadata.u32("key.499"), Ok(Some(499)));
    assert!(source.longest_read.get() <= long.len());
}

#[test]
fn only_the_header_is_read() {
    let data = vec![0u8; 1 << 22];
    let source = Slow::new(Writer::new().tensor("w", Type::F32, &[1 << 20], data).file());
    let header = block_on(gguf::read_header(&source)).unwrap();
    assert_eq!(header.tensors.len(), 1);
    assert_eq!(source.bytes_read.get(), 1 << 20, "one window is enough");
}

#[test]
fn every_shorter_file_is_an_error() {
    let file = sample_file();
    let header = parse(&file).unwrap();
    let last = header.tensors.last().unwrap();
    let end = (last.offset + last.bytes) as usize;
    for length in 0..end {
        match parse(&file[..length]) {
            Err(Error::Truncated { file_size, .. }) => assert_eq!(file_size, length as u64),
            other => panic!("{length} of {end} bytes: {other:?}"),
        }
    }
    // The padding behind the last tensor carries nothing.
    assert!(parse(&file[..end]).is_ok());
}

#[test]
fn memory_and_borrowed_bytes_read_alike() {
    let file = sample_file();
    let header = block_on(gguf::read_header(&Memory(file.clone()))).unwrap();
    assert_eq!(header, parse(&file).unwrap());
}

#[test]
fn values_print_on_one_short_line() {
    let check = |value: Value, expected: &str| assert_eq!(value.to_string(), expected);
    check(7u8.into(), "7");
    check("a\nb".into(), r#""a\nb""#);
    check(vec![1, 2].into(), "[1, 2]");
    check((0..20).collect::<Vec<i32>>().into(), "[0, 1, 2, 3, 4, 5, 6, 7, … 20 in all]");
    check("é".repeat(1000).into(), &format!("\"{}\"… 2000 bytes in all", "é".repeat(80)));
}

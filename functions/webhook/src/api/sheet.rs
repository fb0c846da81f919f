//! Lists as CSV, which spreadsheets open.
//!
//! A spreadsheet takes a field that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula, and buyers
//! choose their names. Such a field gets a `'` in front, which a spreadsheet does not show, and which is taken away again
//! from what is read.
//!
//! Spec: RFC 4180; OWASP, "CSV Injection".

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::answer::ApiError;

/// A list as CSV; nothing when it is empty.
pub(super) fn answer<T: Serialize>(rows: Vec<T>) -> Result<Response, ApiError> {
    let bytes =
        write(rows).map_err(|error| ApiError::field("export", "rows of CSV", error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}

fn write<T: Serialize>(rows: Vec<T>) -> Result<Vec<u8>, csv::Error> {
    let mut plain = csv::Writer::from_writer(Vec::new());
    for row in rows {
        plain.serialize(row)?;
    }
    let plain = plain.into_inner().map_err(|error| error.into_error())?;
    // Each field of every list passes here, whatever it holds.
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(plain.as_slice());
    let mut guarded = csv::Writer::from_writer(Vec::new());
    for record in reader.records() {
        guarded.write_record(record?.iter().map(guard))?;
    }
    Ok(guarded.into_inner().map_err(|error| error.into_error())?)
}

/// What is written for a field.
fn guard(field: &str) -> String {
    if is_formula(field) { format!("'{field}") } else { field.to_owned() }
}

/// What was meant by a field that is read.
pub(super) fn unguard(field: &str) -> &str {
    field.strip_prefix('\'').filter(|field| is_formula(field)).unwrap_or(field)
}

/// Whether a spreadsheet would calculate, or the same behind any number of `'`: so whatever is written is read again.
fn is_formula(field: &str) -> bool {
    field.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_field_of_a_list_is_a_formula() {
        let rows = vec![("=1+1", "+1", "-1"), ("@SUM(A1)", "\t=1", "\r=1"), ("a=b", "'=1", "'a")];
        let text = String::from_utf8(write(rows).expect("rows")).expect("text");
        assert_eq!(text, "'=1+1,'+1,'-1\n'@SUM(A1),'\t=1,\"'\r=1\"\na=b,''=1,'a\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(field in "['=+@a\t-]{0,6}|.{0,6}") {
            let written = guard(&field);
            prop_assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert_eq!(unguard(&written), field.as_str());
        }
    }
}

//! Nothing: the package has tests only, which need a library to stand beside.

#![forbid(unsafe_code)]

//! Figures of architecture searches, and reports of studies as one HTML page.
//!
//! A figure is its data first ([`XyPlot`], [`RankDiagram`], [`Bars`], [`ArchDrawing`]), of which [`Figure::csv`] is a table; what is drawn
//! of it is [`Figure::svg`], and [`Figure::png`] a picture of that. Colours are told apart by the colour-blind, and dashes and labels say
//! the same without colours. [`page`] puts figures and tables into one HTML file that loads nothing.
//!
//! This crate prints nothing, reads no clock and writes no file: it returns values and texts.

#![forbid(unsafe_code)]

mod bars;
mod canvas;
mod comparison;
mod drawing;
mod figure;
mod layout;
pub mod page;
mod palette;
mod png;
mod ranks;
mod ticks;
mod xy;

pub use bars::{Bar, Bars};
pub use comparison::{performance_profiles, queries_to_targets, rank_diagrams, regret_curves};
pub use drawing::ArchDrawing;
pub use figure::Figure;
pub use png::PngError;
pub use ranks::RankDiagram;
pub use xy::{AxisOf, Mark, PlotPoint, Series, XyPlot};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

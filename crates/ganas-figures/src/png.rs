//! Pictures of drawings.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

/// Why a drawing has no picture.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The drawing cannot be read.
    #[error("a figure is not an SVG that can be drawn")]
    Svg(#[from] resvg::usvg::Error),
    /// The drawing is too large.
    #[error("a figure of {0} by {1} cannot be drawn as a picture")]
    Size(f32, f32),
    /// The picture cannot be written.
    #[error("a figure cannot be written as PNG: {0}")]
    Encoding(String),
}

/// How much larger than the drawing.
const SCALE: f32 = 2.0;

/// A picture of a drawing, with the font that is part of the program.
pub(crate) fn render(svg: &str) -> Result<Vec<u8>, PngError> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    let options = Options {
        font_family: "DejaVu Sans".to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options)?;
    let size = tree.size();
    let (width, height) = (size.width() * SCALE, size.height() * SCALE);
    let too_large = || PngError::Size(width, height);
    if !(1.0..20_000.0).contains(&width) || !(1.0..20_000.0).contains(&height) {
        return Err(too_large());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both lie between 1 and 20,000"
    )]
    let mut picture =
        Pixmap::new(width.ceil() as u32, height.ceil() as u32).ok_or_else(too_large)?;
    let scale = Transform::from_scale(SCALE, SCALE);
    resvg::render(&tree, scale, &mut picture.as_mut());
    picture
        .encode_png()
        .map_err(|error| PngError::Encoding(error.to_string()))
}

//! What fuzz targets call; no part of the public interface.

use crate::{lightgbm, xgboost};

/// More features than this are not made up.
const MOST_FEATURES: usize = 1 << 10;

/// A booster of XGBoost or LightGBM, in any of their forms.
pub fn booster(data: &[u8]) {
    if let Ok(booster) = xgboost::Booster::read(data)
        && booster.n_features() <= MOST_FEATURES
    {
        let _ = booster.predict(&vec![0.5; booster.n_features()]);
    }
    if let Ok(booster) = lightgbm::Booster::read(data)
        && booster.n_features() <= MOST_FEATURES
    {
        let _ = booster.predict(&vec![0.5; booster.n_features()]);
    }
}

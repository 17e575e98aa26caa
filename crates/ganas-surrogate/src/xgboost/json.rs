//! XGBoost's JSON form of a booster.

use serde::Deserialize;

use super::{Booster, Columns, base_score, check_kind, check_splits, number};

/// A model, or the snapshot in a pickle, which has the configuration beside the model.
#[derive(Deserialize)]
#[serde(untagged)]
enum Top {
    Snapshot {
        #[serde(rename = "Model")]
        model: Model,
    },
    Model(Model),
}

#[derive(Deserialize)]
struct Model {
    learner: Learner,
}

#[derive(Deserialize)]
struct Learner {
    gradient_booster: GradientBooster,
    learner_model_param: LearnerModelParam,
    objective: Objective,
}

#[derive(Deserialize)]
struct LearnerModelParam {
    base_score: String,
    num_feature: String,
}

#[derive(Deserialize)]
struct Objective {
    name: String,
}

#[derive(Deserialize)]
struct GradientBooster {
    name: String,
    model: Trees,
}

#[derive(Deserialize)]
struct Trees {
    gbtree_model_param: GbtreeModelParam,
    trees: Vec<Tree>,
}

#[derive(Deserialize)]
struct GbtreeModelParam {
    /// Absent before version 1.4.
    #[serde(default = "one")]
    num_parallel_tree: String,
}

fn one() -> String {
    "1".to_owned()
}

#[derive(Deserialize)]
struct Tree {
    left_children: Vec<i64>,
    right_children: Vec<i64>,
    split_indices: Vec<i64>,
    split_conditions: Vec<f32>,
    /// Absent before version 1.3, which has plain splits only.
    #[serde(default)]
    split_type: Vec<i64>,
}

/// Reads a booster.
pub(super) fn read(bytes: &[u8]) -> Result<Booster, String> {
    let top = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let (Top::Snapshot { model } | Top::Model(model)) = top;
    let learner = model.learner;
    let model = learner.gradient_booster.model;
    check_kind(
        &learner.gradient_booster.name,
        &learner.objective.name,
        &model.gbtree_model_param.num_parallel_tree,
    )?;
    let parameters = learner.learner_model_param;
    for (t, tree) in model.trees.iter().enumerate() {
        check_splits(t, tree.split_type.iter().copied())?;
    }
    Booster::of_trees(
        base_score(&parameters.base_score)?,
        number("num_feature", &parameters.num_feature)?,
        model.trees.into_iter().map(|tree| Columns {
            left: tree.left_children,
            right: tree.right_children,
            features: tree.split_indices,
            values: tree.split_conditions,
        }),
    )
}

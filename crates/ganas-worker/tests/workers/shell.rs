//! Workers that are a few lines of shell.

use std::time::Duration;

use crate::Place;

/// Longer than anything takes that does not hang, on whatever machine.
pub(crate) const HANG: Duration = Duration::from_secs(600);

/// The hello of a worker that behaves.
pub(crate) const HELLO: &str = r#"{"type":"hello","protocol":1,"name":"t","version":"1","metrics":[{"name":"valid","role":"validation","min":0,"max":1}]}"#;

/// What the scripts are made of. `say` prints its arguments as a line, `ask` reads a question, `answer` answers it,
/// `await` waits for a file, and `forever` does not end. `told` tells progress of a step.
const WORDS: &str = r#"
echo $$ >> "$PIDS"
say() { printf '%s\n' "$*"; }
hello() { say "$HELLO"; }
ask() { read -r line || exit 0; case $line in *'"shutdown"'*) exit 0 ;; esac; id=${line#*'"id":'}; id=${id%%,*}; id=${id%\}}; }
answer() { say '{"type":"result","id":'$id',"metrics":{"valid":0.5}}'; }
refuse() { say '{"type":"failure","id":'$id',"kind":"'$1'","message":"as scripted","retryable":'$2'}'; }
tell() { say '{"type":"progress","id":'$id',"step":'$1',"metrics":{"valid":'$2',"loss":null}}'; }
await() { while ! test -e "$FOLDER/$1"; do sleep 0.01; done; }
forever() { exec sleep 3600; }
read -r greeting
"#;

/// The command of a worker in a place.
pub(crate) fn command(place: &Place, script: &str) -> String {
    let folder = place.folder.path().display();
    format!("FOLDER='{folder}'\nPIDS='{folder}/pids'\nHELLO='{HELLO}'\n{WORDS}\n{script}")
}

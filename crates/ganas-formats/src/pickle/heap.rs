//! The values of a pickle.

use std::sync::Arc;

use super::name::Name;
use super::text::Text;

/// A value; what can contain other values is a node of the heap.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`.
    None,
    /// A truth value.
    Bool(bool),
    /// A whole number of at most 64 bits.
    Int(i64),
    /// A whole number of more than 64 bits; no benchmark has one that matters.
    LongInt,
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Text),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A listed name that was mentioned, not called.
    Name(Name),
    /// A value that contains values, on the heap.
    Node(NodeId),
}

impl Value {
    /// What it is, for messages.
    pub fn kind(&self, heap: &Heap) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "a truth value",
            Self::Int(_) | Self::LongInt => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::Name(_) => "a name",
            Self::Node(id) => match heap.node(*id) {
                Node::List(_) => "a list",
                Node::Tuple(_) => "a tuple",
                Node::Dict(_) => "a mapping",
                Node::Set(_) => "a set",
                Node::Object { .. } => "an object",
                Node::Released => "a value that was already used",
            },
        }
    }

    /// A text that no other value shares.
    pub(super) fn text(text: &str) -> Self {
        Self::Text(Text::short(text).unwrap_or_else(|| Text::shared(text.into())))
    }

    /// The memory of a text or of bytes that goes when this value does.
    fn own_bytes(&self) -> u64 {
        match self {
            Self::Bytes(bytes) if Arc::strong_count(bytes) == 1 => allocated(bytes.len()),
            Self::Text(text) if text.is_the_only_one() => allocated(text.len()),
            _ => 0,
        }
    }

    /// Whether it is a node that was released.
    pub(super) fn is_released(&self, heap: &Heap) -> bool {
        matches!(self, Self::Node(id) if matches!(heap.node(*id), Node::Released))
    }

    /// The number, whole numbers included.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(value) => Some(*value),
            // Exact below 2^53; a benchmark has no larger counts.
            #[expect(
                clippy::cast_precision_loss,
                reason = "counts in these files are far below 2^53"
            )]
            Self::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    /// The whole number.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What a text or bytes of this length take, with their counts and what the allocator needs.
pub(super) fn allocated(length: usize) -> u64 {
    length as u64 + 32
}

/// What was freed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Released {
    pub(super) n_values: usize,
    /// Of texts and bytes that nothing else refers to.
    pub(super) n_bytes: u64,
}

/// The place of a node in its heap. The generation tells a reference to a released node from its successor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId {
    slot: u32,
    generation: u32,
}

/// A value that contains values.
#[derive(Clone, Debug)]
pub(super) enum Node {
    List(Vec<Value>),
    Tuple(Vec<Value>),
    /// Keys and values in turn, as they lay on the stack; a key that is written twice is here twice, and the later one
    /// counts.
    Dict(Vec<Value>),
    Set(Vec<Value>),
    /// The result of a call of a listed name, not interpreted.
    Object {
        name: Name,
        arguments: Option<NodeId>,
        state: Value,
    },
    /// Was handed out and dropped, to free its memory.
    Released,
}

/// All nodes of a pickle.
#[derive(Debug, Default)]
pub struct Heap {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Memory of mappings that are no more.
    spares: Vec<Vec<Value>>,
}

/// The most mappings whose memory is kept, and the values that each may have room for; a record has 117 of 400.
const MAX_SPARES: usize = 1024;
const MAX_SPARE: usize = 2048;

#[derive(Debug)]
struct Slot {
    generation: u32,
    node: Node,
}

impl Heap {
    /// The memory of a node beside that of the values in it: its slot, its place in the list of those that are free, and the
    /// room that the list of its values keeps for more.
    pub(super) const SLOT_BYTES: usize = size_of::<Slot>() + size_of::<u32>() + 48;

    /// The places of nodes that there are, free ones included.
    pub(super) fn n_slots(&self) -> usize {
        self.slots.len()
    }

    /// Adds a node; `None` when there are too many.
    pub(super) fn add(&mut self, node: Node) -> Option<NodeId> {
        if let Some(slot) = self.free.pop() {
            let entry = &mut self.slots[slot as usize];
            entry.node = node;
            let generation = entry.generation;
            return Some(NodeId { slot, generation });
        }
        let slot = u32::try_from(self.slots.len()).ok()?;
        let generation = 0;
        self.slots.push(Slot { generation, node });
        Some(NodeId { slot, generation })
    }

    /// Memory for a new mapping.
    pub(super) fn spare(&mut self) -> Vec<Value> {
        self.spares.pop().unwrap_or_default()
    }

    /// Drops all nodes; the memory of mappings is kept for new ones.
    pub(super) fn clear(&mut self) {
        self.free.clear();
        // Backwards, so that the next pickle, which is much the same, takes them in the same order.
        for slot in self.slots.drain(..).rev() {
            if let Node::Dict(mut entries) = slot.node
                && entries.capacity() <= MAX_SPARE
                && self.spares.len() < MAX_SPARES
            {
                entries.clear();
                self.spares.push(entries);
            }
        }
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        let slot = &self.slots[id.slot as usize];
        if slot.generation == id.generation {
            &slot.node
        } else {
            &Node::Released
        }
    }

    /// The node, unless it was released.
    pub(super) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        let slot = &mut self.slots[id.slot as usize];
        (slot.generation == id.generation).then_some(&mut slot.node)
    }

    /// The elements of a tuple or a list.
    pub fn elements(&self, value: &Value) -> Option<&[Value]> {
        let Value::Node(id) = value else { return None };
        match self.node(*id) {
            Node::List(values) | Node::Tuple(values) => Some(values),
            _ => None,
        }
    }

    /// The entries of a mapping, each a key and its value.
    pub fn entries(&self, value: &Value) -> Option<&[[Value; 2]]> {
        let Value::Node(id) = value else { return None };
        match self.node(*id) {
            Node::Dict(entries) => Some(entries.as_chunks().0),
            _ => None,
        }
    }

    /// The listed name that made an object, and the state that was attached to it.
    pub fn object(&self, value: &Value) -> Option<(Name, &Value)> {
        let Value::Node(id) = value else { return None };
        match self.node(*id) {
            Node::Object { name, state, .. } => Some((*name, state)),
            _ => None,
        }
    }

    /// The value of a text key.
    pub fn get(&self, mapping: &Value, key: &str) -> Option<&Value> {
        self.entries(mapping)?
            .iter()
            .rev()
            .find_map(|[k, v]| matches!(k, Value::Text(k) if k.is(key)).then_some(v))
    }

    /// The value of a whole-number key.
    pub fn get_int(&self, mapping: &Value, key: i64) -> Option<&Value> {
        self.entries(mapping)?
            .iter()
            .rev()
            .find_map(|[k, v]| (k.as_i64() == Some(key)).then_some(v))
    }

    /// Frees a value and everything below it.
    pub(super) fn release(&mut self, value: &Value) -> Released {
        let mut released = Released::default();
        let mut pending = vec![value.clone()];
        while let Some(value) = pending.pop() {
            released.n_values += 1;
            released.n_bytes += value.own_bytes();
            let Value::Node(id) = value else { continue };
            let slot = &mut self.slots[id.slot as usize];
            // Types and the like are shared by later values.
            if slot.generation != id.generation || matches!(slot.node, Node::Object { .. }) {
                continue;
            }
            slot.generation = slot.generation.wrapping_add(1);
            self.free.push(id.slot);
            match std::mem::replace(&mut slot.node, Node::Released) {
                Node::List(values)
                | Node::Tuple(values)
                | Node::Set(values)
                | Node::Dict(values) => pending.extend(values),
                Node::Object { .. } | Node::Released => {}
            }
        }
        released
    }
}

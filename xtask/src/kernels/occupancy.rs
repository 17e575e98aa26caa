//! How many blocks of a kernel a multiprocessor holds at once.
//!
//! The limits are those of the table "Technical Specifications per Compute Capability" of the CUDA C++ Programming Guide
//! (12.9), the units of allocation those of NVIDIA's occupancy calculator, which comes with Nsight Compute.

/// What a multiprocessor of an architecture has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Architecture {
    /// As in `sm_80`.
    pub(super) number: u32,
    threads: u32,
    blocks: u32,
    /// In bytes.
    shared: u32,
    /// What the system takes of it for each block, in bytes.
    shared_reserved: u32,
    /// Shared memory is given out in multiples of this, in bytes.
    shared_unit: u32,
}

/// Registers of a multiprocessor and of a block, on all of these architectures.
const REGISTERS: u32 = 65_536;
/// Registers are given to a warp in multiples of this.
const REGISTER_UNIT: u32 = 256;
/// Each of the four parts of a multiprocessor has a quarter of the registers.
const PARTS: u32 = 4;
const WARP: u32 = 32;

/// The architectures that kernels are compiled for: Turing, Ampere and Hopper.
pub(super) const ARCHITECTURES: [Architecture; 3] = [
    architecture(75, [1024, 16], [64, 0], 256),
    architecture(80, [2048, 32], [164, 1], 128),
    architecture(90, [2048, 32], [228, 1], 128),
];

/// In the order of the fields; shared memory is in KiB here.
const fn architecture(
    number: u32,
    [threads, blocks]: [u32; 2],
    [shared, shared_reserved]: [u32; 2],
    shared_unit: u32,
) -> Architecture {
    Architecture {
        number,
        threads,
        blocks,
        shared: shared * 1024,
        shared_reserved: shared_reserved * 1024,
        shared_unit,
    }
}

impl Architecture {
    /// The blocks that a multiprocessor holds; 0 when not even one can be launched.
    pub(super) fn blocks(&self, threads: u32, registers: u32, shared: u32) -> u32 {
        let warps = threads.div_ceil(WARP);
        let by_threads = self.threads / (warps * WARP);
        let by_registers = if registers == 0 {
            self.blocks
        } else {
            let of_warp = (registers * WARP).next_multiple_of(REGISTER_UNIT);
            REGISTERS / PARTS / of_warp * PARTS / warps
        };
        let of_block = (shared + self.shared_reserved).next_multiple_of(self.shared_unit);
        let by_shared = self.shared.checked_div(of_block).unwrap_or(self.blocks);
        by_threads.min(by_registers).min(by_shared).min(self.blocks)
    }

    /// The part of the threads of a multiprocessor that so many blocks use, in percent.
    pub(super) fn occupancy(&self, blocks: u32, threads: u32) -> u32 {
        let warps = blocks * threads.div_ceil(WARP);
        100 * warps / (self.threads / WARP)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_binds() {
        for (number, threads, registers, shared, blocks, occupancy) in [
            // Threads.
            (80, 1024, 32, 0, 2, 100),
            (75, 256, 32, 0, 4, 100),
            // Blocks.
            (80, 32, 16, 0, 32, 50),
            (75, 32, 16, 0, 16, 50),
            // Registers: 40 are 1280 a warp, 12 warps in each quarter.
            (80, 256, 40, 0, 6, 75),
            (90, 256, 255, 0, 1, 12),
            (75, 1024, 65, 0, 0, 0),
            // Shared memory, of which a block loses 1 KiB from sm_80 on.
            (80, 128, 16, 40 * 1024, 4, 25),
            (90, 128, 16, 40 * 1024, 5, 31),
            (75, 128, 16, 40 * 1024, 1, 12),
        ] {
            let mut all = ARCHITECTURES.iter();
            let architecture = all.find(|known| known.number == number).unwrap();
            let found = architecture.blocks(threads, registers, shared);
            assert_eq!(
                found, blocks,
                "sm_{number}, {threads}, {registers}, {shared}"
            );
            assert_eq!(architecture.occupancy(found, threads), occupancy);
        }
    }
}

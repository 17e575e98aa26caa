//! Workers of joiners: they are taken as they are offered, and what they leave undone is given to others.

use std::path::PathBuf;

use super::super::PoolNote;
use super::super::clock::now;
use super::super::join::{Offer, offers};
use super::super::slot::Slot;
use super::{LOOK, Supervisor};

impl Supervisor {
    /// Looks for joiners, when it is time. The first worker is this machine's: the others are compared with it.
    pub(super) fn scan(&mut self) {
        let Some(leads) = self.config.leads.clone() else {
            return;
        };
        if self.next_scan.is_some_and(|next| next > now()) {
            return;
        }
        self.next_scan = now().checked_add(LOOK);
        if self.capabilities.is_none() || self.broken.is_some() {
            return;
        }
        for offer in offers(&leads, &mut self.taken) {
            self.take(offer);
        }
    }

    /// Takes a worker in, in a place that another joiner has left, or in a new one.
    fn take(&mut self, offer: Offer) {
        let host = offer.host().to_owned();
        let log = self.config.logs.join(offer.log());
        let is_left = |slot: &Slot| !slot.is_own() && slot.life.is_absent();
        let worker = self.slots.iter().position(is_left).unwrap_or_else(|| {
            let number = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
            self.slots.push(Slot::new(number, log.clone()));
            self.slots.len() - 1
        });
        let slot = &mut self.slots[worker];
        slot.log.clone_from(&log);
        slot.host = Some(host.clone());
        self.board.joins(worker, log.clone(), host);
        match slot.join_process(offer, &self.sender, worker) {
            Ok(process) => {
                self.count(|statistics| statistics.starts += 1);
                self.greet(worker, process);
            }
            Err(error) => {
                self.count(|statistics| statistics.failed_starts += 1);
                (self.listener)(&PoolNote::StartFailed {
                    worker: self.slots[worker].number,
                    reason: format!("the worker of a joiner cannot be used: {error}"),
                    log_tail: String::new(),
                    log,
                });
            }
        }
    }

    /// Gives to others what a joiner that is gone was at: none of it is to blame, however often that happens.
    pub(super) fn lose(&mut self, worker: usize) {
        let reason = self.slots[worker].end_status();
        (self.listener)(&PoolNote::Ended {
            worker: self.slots[worker].number,
            reason,
        });
        self.give_up_unwanted(worker);
    }

    /// The machine of a worker.
    pub(super) fn host_of(&self, number: u32) -> String {
        let slot = self.slots.iter().find(|slot| slot.number == number);
        let host = slot.and_then(|slot| slot.host.clone());
        host.unwrap_or_else(|| self.host.clone())
    }

    /// The log of a worker.
    pub(super) fn log_of(&self, number: u32) -> PathBuf {
        let slot = self.slots.iter().find(|slot| slot.number == number);
        slot.map_or_else(|| self.config.log(number), |slot| slot.log.clone())
    }
}

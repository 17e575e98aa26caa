//! The steps of a search: those that `cargo xtask bench --vs-torch` compares.

use criterion::{Criterion, criterion_group, criterion_main};
use ganas_benches::{Device, DiscriminatorWork, InnerIteration, PolicyWork, Shape, random_graphs};

fn steps(c: &mut Criterion) {
    let (device, shape) = (&Device::new(), Shape::default());
    let mut discriminator = DiscriminatorWork::new(device, shape);
    let mut policy = PolicyWork::new(device, shape);
    let graphs = random_graphs(shape.batch, 5);
    discriminator.show(&graphs);
    c.bench_function("discriminator step", |b| {
        b.iter(|| discriminator.step());
    });
    c.bench_function("reward", |b| b.iter(|| discriminator.rewards(&graphs)));
    c.bench_function("sampling", |b| b.iter(|| policy.sample()));
    let rollouts = policy.sample();
    let rewards = discriminator.rewards(&rollouts);
    let mut group = c.benchmark_group("long");
    group.sample_size(10);
    group.bench_function("policy update", |b| {
        b.iter(|| policy.update(&rollouts, &rewards));
    });
    let mut inner = InnerIteration::new(device, shape);
    group.bench_function("inner iteration", |b| b.iter(|| inner.run()));
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);

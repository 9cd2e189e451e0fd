//! The simulated kinetics that other tests plant their truth with: levels worked by hand, noise that averages out.

#[path = "common/kinetics.rs"]
mod kinetics;

use aligned::biology::{GeneId, Regulation, Sign};
use aligned::network::RegulatoryNetwork;
use kinetics::{KineticScreen, Kinetics, KineticsConfig, Sampling};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

fn gene(index: usize) -> GeneId {
    GeneId::new(index)
}

fn network(n_genes: usize, edges: &[(usize, usize, Sign)]) -> RegulatoryNetwork {
    let regulation =
        |&(regulator, target, sign): &(usize, usize, Sign)| Regulation::new(gene(regulator), gene(target), sign);
    RegulatoryNetwork::new(n_genes, edges.iter().map(regulation))
}

fn known(network: &RegulatoryNetwork, synthesis: &[f64], decay: &[f64]) -> Kinetics {
    let (synthesis, decay) = (synthesis.to_vec(), decay.to_vec());
    Kinetics { network: network.clone(), synthesis, decay, hill: 2.0, leak: 0.1 }
}

/// 30 genes without feedback, so that a steady state there is.
fn small() -> RegulatoryNetwork {
    let sign = |at: usize| if at.is_multiple_of(3) { Sign::Inhibition } else { Sign::Activation };
    let edges: Vec<_> =
        (1..30).flat_map(|gene| [(gene / 2, gene, sign(gene)), (gene / 3, gene, sign(gene + 1))]).collect();
    network(30, &edges)
}

#[test]
fn an_unregulated_gene_rises_and_rests_as_by_hand() {
    let kinetics = known(&network(1, &[]), &[3.0], &[1.5]);
    // x(t) = s/d (1 − e^{−dt}).
    let level = kinetics.flow(&[0.0], &[], 0.8)[0];
    assert!((level - 2.0 * (1.0 - (-1.2_f64).exp())).abs() < 1e-6, "{level}");
    let settled = kinetics.settle(&[0.0], &[]);
    assert!(settled.at_rest && (settled.levels[0] - 2.0).abs() < 1e-7);
}

#[test]
fn targets_of_a_deleted_activator_and_inhibitor_rest_as_by_hand() {
    let edges = [(0, 1, Sign::Activation), (0, 2, Sign::Inhibition)];
    let kinetics = known(&network(3, &edges), &[1.0; 3], &[1.0; 3]);
    // At x₀ = 2: x²/(1 + x²) = .8; .1 + .9 · .8 = .82 and .1 + .9 · .2 = .28. At 0: .1 and 1.
    for (held, wanted) in [(2.0, [0.82, 0.28]), (0.0, [0.1, 1.0])] {
        let levels = kinetics.settle(&[1.0; 3], &[(gene(0), held)]).levels;
        assert!((levels[0] - held).abs() < 1e-12);
        assert!((levels[1] - wanted[0]).abs() < 1e-7 && (levels[2] - wanted[1]).abs() < 1e-7, "{levels:?}");
    }
}

#[test]
fn halving_the_steps_changes_the_flow_by_little() {
    let kinetics = Kinetics::draw(&small(), &KineticsConfig::default(), &mut ChaCha8Rng::seed_from_u64(1));
    let whole = kinetics.flow(&[2.0; 30], &[], 2.0);
    let parts = (0..40).fold(vec![2.0; 30], |levels, _| kinetics.flow(&levels, &[], 0.05));
    assert!(whole.iter().zip(parts).all(|(left, right)| (left - right).abs() < 1e-4));
}

#[test]
fn controls_rest_in_vitro_and_drift_in_vivo() {
    for sampling in [Sampling::InVitro, Sampling::InVivo] {
        let config = KineticsConfig { sampling, cells: 1, ..KineticsConfig::default() };
        let screen = KineticScreen::simulate(&small(), &config).expect("in range");
        let controls: Vec<_> = screen.conditions.iter().filter(|one| one.perturbation.is_none()).collect();
        let change = |at: usize| -> f64 {
            controls[at].truth.iter().zip(&controls[0].truth).map(|(left, right)| (left - right).abs()).sum()
        };
        assert_eq!(controls.len(), 6);
        match sampling {
            Sampling::InVitro => assert!(screen.at_rest && (0..6).all(|at| change(at) < 1e-5)),
            Sampling::InVivo => assert!(!screen.at_rest && change(1) > 0.5 && change(5) > change(1)),
        }
    }
}

#[test]
fn the_mean_of_many_cells_is_truth_and_batch_less_dropout_and_batches_cancel_against_their_controls() {
    let config = KineticsConfig { cells: 3_000, batch_effect: 0.1, perturbations: 1, ..KineticsConfig::default() };
    let screen = KineticScreen::simulate(&small(), &config).expect("in range");
    for of_batch in screen.conditions.chunks(3) {
        let (control, perturbed) = (of_batch[1].mean(), of_batch[2].mean());
        for (index, (control, perturbed)) in control.into_iter().zip(perturbed).enumerate() {
            let [before, after] = [1, 2].map(|at| of_batch[at].truth[index]);
            // Levels near 0 are cut off, so that their mean is not that of the truth.
            if before.min(after) > 1.0 {
                assert!((perturbed - control - 0.9 * (after - before)).abs() < 0.06, "gene {index}");
            }
        }
    }
}

#[test]
fn one_seed_gives_one_screen_and_another_seed_another() {
    let screen = |seed: u64| {
        let config = KineticsConfig { seed, overexpressed: 0.5, ..KineticsConfig::default() };
        KineticScreen::simulate(&small(), &config).expect("in range")
    };
    assert_eq!(screen(1), screen(1));
    assert_ne!(screen(1), screen(2));
    let values = screen(3).conditions.into_iter().flat_map(|condition| condition.cells).flatten();
    assert!(values.into_iter().all(|value| value.is_finite() && value >= 0.0));
}

#[test]
fn settings_out_of_range_are_named() {
    for config in [
        KineticsConfig { dropout: 1.0, ..KineticsConfig::default() },
        KineticsConfig { cells: 0, ..KineticsConfig::default() },
        KineticsConfig { hill: f64::NAN, ..KineticsConfig::default() },
    ] {
        let error = KineticScreen::simulate(&small(), &config).expect_err("out of range");
        assert!(["dropout", "cells", "hill"].contains(&error.name), "{error:?}");
    }
    let nothing = KineticScreen::simulate(&network(2, &[]), &KineticsConfig::default()).expect("no regulator");
    assert_eq!(nothing.conditions.len(), 6);
}

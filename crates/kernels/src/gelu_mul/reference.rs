//! `y = gelu(a) * b` with `gelu(x) = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))`.
//! Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016; Hugging Face `gelu_pytorch_tanh`.

/// The tanh form of GELU.
pub fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
}

/// Value by value.
pub fn forward(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(&a, &b)| (gelu(f64::from(a)) * f64::from(b)) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::gelu;

    #[test]
    fn known_values() {
        // The formula in Python's `math`, to nine digits.
        let check = |x: f64, y: f64| assert!((gelu(x) - y).abs() < 1e-9, "gelu({x}) = {}", gelu(x));
        check(0.0, 0.0);
        check(1.0, 0.841191991);
        check(-1.0, -0.158808009);
        check(3.0, 2.996362607);
    }
}

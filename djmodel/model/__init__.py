"""Values -> a trained model -> new solos."""
